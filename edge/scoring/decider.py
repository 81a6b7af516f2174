"""Decides what a measured reading exceeds, and lets the thresholds learn from it."""

from __future__ import annotations

import math

from edge.readings.reading import Reading
from edge.scoring.decision import Context, Decision
from edge.scoring.gas_level import GasLevel
from edge.scoring.row_scores import RowScores
from edge.scoring.state import StationState
from edge.scoring.verdict_builder import round_score

SUSPECT_TIMES = 10.0
"""A reading is suspect if a p-value is at most this many times the requested rate."""

QUIET = 1.5
"""A reading is quiet, that is without a plume, if its gas level is less than this many times its background."""


class Decider:
    """Decides on readings of the stations of one scorer.

    Parameters
    ----------
    level
        Applies the limits on the gas level; ``None``: there is none.
    rate
        Requested share of readings that exceed by chance, in (0, 1].
    """

    def __init__(self, level: GasLevel | None, rate: float) -> None:
        self._level = level
        self._suspect = -math.log10(rate * SUSPECT_TIMES)

    def decide(
        self,
        state: StationState,
        reading: Reading,
        context: Context,
        scores: RowScores,
        flags: list[int] | None,
        *,
        broken: bool,
    ) -> Decision:
        """Decide what a reading exceeds.

        Thresholds do not learn from a reading beside the order, nor from one that broke a rule, and are not applied
        while the station warms up. That of the onset learns from readings that the analyser calls quiet, alone: real
        plumes would teach it to be silent.

        Parameters
        ----------
        state
            What is remembered of the station.
        reading
            What was received.
        context
            How it follows on the station's earlier readings.
        scores
            What was measured.
        flags
            Flags of the scored columns [F]; ``None`` if all are good.
        broken
            Whether it broke a rule: then the consistency exceeds as such.
        """
        adaptation = state.adaptation
        level, background = context.level, context.background
        by: str | None = None if self._level is None else self._level.exceeded(level, background)
        in_order, warm = context.placement.in_order, not context.warming_up
        exceeds: list[str] = []
        highest = 0.0
        if (score := round_score(scores.onset)) is not None:
            highest = score
            if warm:
                quiet = in_order and level is not None and background is not None and level < QUIET * background
                if adaptation.decide("methane", score, teaches=quiet, counts=in_order) and by is None:
                    by = "onset"
        if by is not None:
            exceeds.append("methane")
        if (score := round_score(scores.consistency)) is not None:
            highest = max(highest, score)
            if warm and adaptation.decide("consistency", score, broken=broken, counts=in_order):
                exceeds.append("consistency")
        if (score := round_score(scores.reconstruction)) is not None:
            highest = max(highest, score)
            # The network gets what a failed channel has sent: that is the fault's, and no lesson.
            if warm and adaptation.decide("reconstruction", score, teaches=not broken, counts=in_order):
                exceeds.append("reconstruction")
        suspect = broken or highest >= self._suspect
        elsewhere = state.note_domain(scores.degree) if in_order else state.elsewhere
        return Decision(reading, context, scores, flags, tuple(exceeds), by, suspect, elsewhere, adaptation.shifts())
