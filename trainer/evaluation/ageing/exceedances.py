"""Counts what exceeds among the undisturbed readings of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices, Mask
from edge.models.scores import Scores
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.evaluation.ageing.results import JUDGED, ExceedanceCounts
from trainer.evaluation.budget import WINDOW, replay_thresholds, window_counts
from trainer.scoring.false_alarm_rates import REQUESTED
from trainer.scoring.measure import measure
from trainer.scoring.onset import without_plume


@dataclass(frozen=True)
class Exceedances:
    """The scores of one detector on the rows of a record.

    Parameters
    ----------
    score
        Scores [N]; nan: none.
    thresholds
        Least score that exceeds, for each requested rate.
    undisturbed
        Rows [N] that count.
    rates
        Requested rates for which the scores, -log10 p, are also counted with thresholds that follow the station; none
        for a detector that no gateway follows with.
    """

    score: Floats
    thresholds: Sequence[float]
    undisturbed: Mask
    rates: Sequence[float] = ()

    def counted(self, rows: Indices) -> Indices:
        """Return those of the rows that are undisturbed and have a score."""
        return rows[self.undisturbed[rows] & np.isfinite(self.score[rows])]

    def count(self, rows: Indices) -> ExceedanceCounts:
        """Count the exceedances among rows."""
        score = self.score[self.counted(rows)]
        return ExceedanceCounts(len(score), tuple(int(np.sum(score >= threshold)) for threshold in self.thresholds))

    def most_in_window(self, rows: Indices, window: int = WINDOW) -> tuple[int, ...]:
        """Return the most exceedances among any ``window`` readings that count, in order; empty: there are fewer."""
        score = self.score[self.counted(rows)]
        if len(score) < window:
            return ()
        return tuple(int(window_counts(score >= threshold, window).max()) for threshold in self.thresholds)

    def following(self, rows: Indices) -> tuple[float, ...]:
        """Return the share that exceeds where thresholds follow the station, for each rate; empty: there is none.

        It approaches the requested rate for a useless score as well, and says nothing about the tables.
        """
        scores = self.score[self.counted(rows)]
        if not len(scores):
            return ()
        return tuple(round(float(replay_thresholds(scores, rate).exceeds.mean()), 5) for rate in self.rates)


def exceedances_of(model: ScoringModel, record: Record, measured: Scores | None = None) -> dict[str, Exceedances]:
    """Score all rows of a record as a gateway would, from the start of each segment.

    Readings with a held cell do not count, nor do those of the warm-up, in which a gateway decides nothing; for the
    onset, only rows without a plume count. An onset's threshold follows no score, because plumes would be learnt.

    Parameters
    ----------
    model
        A model with its tables.
    record
        Everything that the station sent.
    measured
        Its scores, if they are known; ``None``: they are measured.
    """
    rows = np.arange(len(record.values))
    measured = measure(model, record, rows) if measured is None else measured
    undisturbed = settled(record, model.windows.warm_up) & record.intact
    quiet = undisturbed & without_plume(record, rows)
    thresholds = [float(-np.log10(rate)) for rate in REQUESTED]
    return {
        name: Exceedances(
            score=getattr(measured, name),
            thresholds=thresholds,
            undisturbed=quiet if name == "onset" else undisturbed,
            rates=() if name == "onset" else REQUESTED,
        )
        for name in JUDGED
    }


def settled(record: Record, warm_up: int) -> Mask:
    """Return the rows [N] that lie behind the warm-up of their segment."""
    behind = np.zeros(len(record.values), dtype=np.bool_)
    for start, end in record.segments:
        behind[start + warm_up : end] = True
    return behind
