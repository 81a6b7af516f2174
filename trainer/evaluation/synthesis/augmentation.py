"""Measures what synthetic rows are worth to a regression on held-out blocks of time, alone and beside few real rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.arrays import Floats, Indices
from trainer.data.record import Record
from trainer.data.splits import BLOCKS, CYCLE, Split, blocked
from trainer.evaluation.synthesis.downstream import regress
from trainer.evaluation.synthesis.results import Scarce, TrainSyntheticTestReal, mean
from trainer.evaluation.synthesis.synthesisers import Fit, FittedSynthesiser

SHARE = 0.05
"""Share of the training rows that is left where real rows are to be few."""
ADDED = 5000
"""Synthetic rows added to them."""
SETS = 5
EMBARGO = 12


def tstr(record: Record, name: str, make: Fit, *, seed: int, draws: int) -> TrainSyntheticTestReal:
    """Train a regression of the gas on synthetic rows alone and test it on the test blocks.

    Parameters
    ----------
    record
        Record of a station with a gas column; it is split into blocks as for training.
    name, make, seed, draws
        As in :func:`~trainer.evaluation.synthesis.resemblance.resemblance`.
    """
    station, split = record.station, blocked(record)
    train, test = record.values[split.train], record.values[split.test]
    fitted = make(train, record.values[split.validation], station, seed)
    return TrainSyntheticTestReal(
        station=", ".join(record.files) or station.name,
        synthesiser=name,
        seed=seed,
        r2=mean(regress(fitted.draw(len(train), one), test, station, seed=0).r2 for one in range(draws)),
        real=regress(train, test, station, seed=0).r2,
    )


def scarce_splits(record: Record, *, sets: int = SETS) -> tuple[Split, ...]:
    """Split into the blocks of :func:`~trainer.data.splits.blocked`, with the roles moved on by one block per set.

    A twentieth of the training rows and of the validation rows is left, evenly spaced; none of them is within 12 rows
    of a test row.
    """
    block = np.arange(len(record.values)) * BLOCKS // len(record.values)
    found = []
    for moved in range(sets):
        role = np.array(CYCLE)[(block + moved) % len(CYCLE)]
        near = np.convolve(role == "test", np.ones(2 * EMBARGO + 1), mode="same") > 0.5
        train, validation = (_thinned(np.flatnonzero((role == name) & ~near)) for name in ("train", "validation"))
        found.append(Split(train=train, validation=validation, test=np.flatnonzero(role == "test")))
    return tuple(found)


def scarce(
    record: Record, name: str, make: Fit, *, seed: int, sets: int = SETS
) -> Iterator[tuple[Scarce, Split, FittedSynthesiser, Floats]]:
    """Add 5,000 synthetic rows to a twentieth of the training rows, for every set of test blocks.

    Parameters
    ----------
    record, name, make, seed
        As in :func:`tstr`.
    sets
        How many sets of test blocks.

    Yields
    ------
    Scarce
        Errors of the regressions.
    Split
        The rows used.
    FittedSynthesiser
        The synthesiser fitted on them.
    float64 [5000, F]
        The rows that it added.
    """
    station = record.station
    for number, split in enumerate(scarce_splits(record, sets=sets)):
        train, test = record.values[split.train], record.values[split.test]
        fitted = make(train, record.values[split.validation], station, seed)
        added = fitted.draw(ADDED, seed)
        alone = regress(train, test, station, seed=0)
        both = regress(np.concatenate([train, added]), test, station, seed=0)
        result = Scarce(
            station=", ".join(record.files) or station.name,
            synthesiser=name,
            seed=seed,
            blocks=number,
            rmse=both.rmse,
            tail_rmse=both.tail_rmse,
            real_rmse=alone.rmse,
            real_tail_rmse=alone.tail_rmse,
        )
        yield result, split, fitted, added


def _thinned(rows: Indices) -> Indices:
    return rows[:: round(1 / SHARE)]
