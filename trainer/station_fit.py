"""Fits everything that a bundle holds: first without the test rows, to measure it, then on every row, to ship it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

import numpy as np
from torch import Tensor

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Arrays, Floats, Indices
from edge.bundles.manifest import SCORER_ABSENT, scorer_keys
from edge.bundles.scoring_tables import to_arrays
from edge.models.scaler import Scaler
from edge.models.usual_enhancement import usual_enhancement
from trainer.data.record import Record
from trainer.data.regimes import chunk_count
from trainer.data.scaler import fit_scaler
from trainer.data.splits import Split, blocked
from trainer.generation.fit_generator import fit_generator, refit_generator
from trainer.generation.fitted_generator import FittedGenerator
from trainer.networks.history import History
from trainer.scoring.fit_scorer import FittedScorer, fit_scorer
from trainer.scoring.unmoved_columns import refuse_unmoved

EMBARGO = 12
"""Rows on both sides of a test row that no score is fitted on."""


@dataclass(frozen=True)
class StationFit:
    """The generator and the scorers of a station, fitted on the same rows.

    Parameters
    ----------
    station
        What the columns are.
    scaler
        Scaler of all columns.
    gas
        ``background_ppb`` [1], the 10 % quantile of the gas, and ``enhancement`` [1], the level above it that exceeds
        where nobody has chosen one, both in the unit of the gas; empty without a gas column.
    generator
        The generator of synthetic rows.
    scorers
        Name (``scorer``, ``scorer-absent``) -> scores.
    """

    station: Station
    scaler: Scaler
    gas: Arrays
    generator: FittedGenerator
    scorers: Mapping[str, FittedScorer]

    def arrays(self) -> Arrays:
        """Return all arrays but those of the networks, under their names in ``tables.npz``."""
        tables: Arrays = {f"generator/{name}": array for name, array in self.generator.arrays().items()}
        tables |= self.gas
        for name, scorer in self.scorers.items():
            arrays = to_arrays(scorer.model) | {"whitening": scorer.whitening}
            if scorer.drift is not None:
                arrays |= {f"drift/{key}": array for key, array in scorer.drift.arrays().items()}
            tables |= {f"{name}/{key}": array for key, array in arrays.items()}
        return tables

    def weights(self) -> dict[str, Mapping[str, Tensor]]:
        """Return the tensors of every network, by the name of its file."""
        network = self.generator.codec.network
        found: dict[str, Mapping[str, Tensor]] = {} if network is None else {"generator": network.state_dict()}
        for name, scorer in self.scorers.items():
            found[name] = scorer.weights
            found |= {f"{name}-fold-{k}": state for k, state in enumerate(scorer.folds, 1)}
        return found

    def histories(self) -> dict[str, History]:
        """Return the course of every network's training."""
        found = {} if self.generator.history is None else {"generator": self.generator.history}
        return found | {name: scorer.history for name, scorer in self.scorers.items()}


def fit_without_test(record: Record, split: Split, settings: Training, progress: TextIO | None = None) -> StationFit:
    """Fit the generator on the training rows of a split, and the scorers away from the test blocks.

    Scores have a memory: they are fitted on blocks of time, whatever the generator is fitted on.

    Parameters
    ----------
    record
        The record.
    split
        Rows by role, for the generator.
    settings
        How to fit.
    progress
        Where progress bars are drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        As :func:`~trainer.generation.fit_generator.fit_generator` and :func:`~trainer.scoring.fit_scorer.fit_scorer`.
    """
    # Rows with a held cell belong to the memory of the scores alone.
    train, validation = (record.values[record.intact_rows(rows)] for rows in (split.train, split.validation))
    scaler = fit_scaler(train, record.station, settings.scaler)
    count = chunk_count(record, settings)
    fitted_on: dict[str, tuple[Record, Indices]] = {}
    for name in scorer_keys(record.station):
        seen, test = held_out(record, name)
        fitted_on[name] = seen, _away_from(seen, test)
        refuse_unmoved(*fitted_on[name], folds=count, absent=name == SCORER_ABSENT)
    generator = fit_generator(train, validation, record.station, settings, progress)
    scorers = {
        name: fit_scorer(
            seen,
            rows,
            settings,
            absent=name == SCORER_ABSENT,
            kind="vae" if settings.model == "vae" else "ae",
            folds=count,
            progress=progress,
        )
        for name, (seen, rows) in fitted_on.items()
    }
    return StationFit(record.station, scaler, _gas_levels(train, record.station), generator, scorers)


def fit_every_row(
    record: Record, earlier: StationFit, settings: Training, progress: TextIO | None = None
) -> StationFit:
    """Fit the same once more, on every row of the record.

    Parameters
    ----------
    record
        The record.
    earlier
        The fit that left the test rows out. What its validation rows decided is decided, and its folds make the
        p-value tables of all rows.
    settings
        How ``earlier`` was fitted.
    progress
        Where progress bars are drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        As :func:`fit_without_test`.
    """
    values = record.values[record.intact]
    scorers = {
        name: fit_scorer(
            seen,
            np.arange(len(seen.values)),
            settings,
            absent=name == SCORER_ABSENT,
            kind="vae" if settings.model == "vae" else "ae",
            folds=scorer.spec.chunks,
            earlier=scorer,
            progress=progress,
        )
        for name, scorer in earlier.scorers.items()
        for seen, _ in [held_out(record, name)]
    }
    return StationFit(
        record.station,
        fit_scaler(values, record.station, settings.scaler),
        _gas_levels(values, record.station),
        refit_generator(earlier.generator, values, settings, progress),
        scorers,
    )


def held_out(record: Record, name: str) -> tuple[Record, Indices]:
    """Return the record as a scorer reads it, and its rows in the test blocks, on which the scorer is measured."""
    seen = record.without_gas if name == SCORER_ABSENT else record
    return seen, blocked(seen).test


def _gas_levels(rows: Floats, station: Station) -> Arrays:
    if station.gas_index is None:
        return {}
    level = rows[:, station.gas_index]
    background, quartile = np.quantile(level, [0.1, 0.25]).tolist()
    step = float(np.diff(np.unique(level)).min(initial=np.inf))
    enhancement = usual_enhancement(background, quartile, step if np.isfinite(step) else 0.0)
    return {"background_ppb": np.array([background]), "enhancement": np.array([enhancement])}


def _away_from(record: Record, test: Indices) -> Indices:
    """Return the rows more than ``EMBARGO`` rows away from every test row."""
    near = np.zeros(len(record.values), dtype=bool)
    for offset in range(-EMBARGO, EMBARGO + 1):
        near[np.clip(test + offset, 0, len(near) - 1)] = True
    return np.flatnonzero(~near)
