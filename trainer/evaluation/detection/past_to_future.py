"""Measures false alarms from past to future, ours beside those of peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from config.settings.training import Training
from edge.arrays import Floats
from trainer.data.record import Record
from trainer.errors import TrainingError
from trainer.evaluation.ageing.exceedances import Exceedances, settled
from trainer.evaluation.ageing.layout import AgeingLayout
from trainer.evaluation.ageing.measure_ageing import measure_ageing
from trainer.evaluation.ageing.results import Ageing
from trainer.evaluation.detection.folds import stopping_rows
from trainer.evaluation.detection.peers import fit_peers
from trainer.evaluation.detection.results import REQUESTED, FoldResult
from trainer.scoring.record_windows import record_windows


@dataclass(frozen=True)
class FoldAttempt:
    """Measures a fold that a record need not allow.

    Parameters
    ----------
    measure
        Measures it.
    name
        What a sentence calls it.
    needed
        Whether its failure is an error; otherwise a sentence gives the reason.
    """

    measure: Callable[[], FoldResult]
    name: str
    needed: bool

    def __call__(self) -> FoldResult | str:
        """Return the fold's result, or why there is none (TrainingError if it is needed)."""
        try:
            return self.measure()
        except TrainingError as error:
            if self.needed:
                raise
            return f"{self.name}: not measured: {error}"


def evaluate_ageing(
    records: Sequence[Record], settings: Training, *, epochs: int | None, processes: int
) -> dict[str, Ageing]:
    """Return false alarms by age of each record, by the name of its file, with peers beside our scores.

    Parameters
    ----------
    records
        One per file.
    settings
        Settings of our networks.
    epochs
        Most epochs of the published networks.
    processes
        How many fits run at a time.
    """
    peers = partial(peer_exceedances, epochs=epochs)
    return {
        ", ".join(record.files) or record.station.name: measure_ageing(
            record, settings, peers=peers, processes=processes
        )
        for record in records
    }


def peer_exceedances(record: Record, layout: AgeingLayout, *, epochs: int | None) -> Mapping[str, Exceedances]:
    """Fit every peer on the training rows of a layout, and score the others with thresholds learnt in sample.

    Raises
    ------
    TrainingError
        A column is constant on the training rows.
    """
    train = record.intact_rows(layout.train)
    peers = fit_peers(record.values, record.station, train, stopping_rows(train), epochs=epochs)
    tested = layout.tested_rows
    undisturbed = settled(record, record_windows(record).warm_up) & record.intact

    def scored(values: Floats) -> Floats:
        score = np.full(len(record.values), np.nan)
        score[tested] = values
        return score

    return {
        peer.name: Exceedances(
            score=scored(peer.score(record.values[tested])),
            # A peer's row exceeds above its threshold, not at it.
            thresholds=[float(np.nextafter(peer.threshold(rate), np.inf)) for rate in REQUESTED],
            undisturbed=undisturbed,
        )
        for peer in peers
    }
