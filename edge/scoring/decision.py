"""What is decided about one reading, before a verdict is built from it."""

from __future__ import annotations

from typing import NamedTuple

from edge.readings.reading import Reading
from edge.readings.station_clock.placement import Placement
from edge.scoring.adaptation import Shifts
from edge.scoring.row_scores import RowScores
from edge.scoring.state import Arrival


class Context(NamedTuple):
    """What a station's earlier readings mean for its next one.

    Parameters
    ----------
    n
        The agent's count of the station's readings, this one included.
    arrival
        How it follows the reading before it.
    placement
        Where the station's clock has placed it.
    warming_up
        Whether too few readings have been seen for a score to exceed.
    level
        Gas level of the reading [unit of the gas column]; ``None`` if it has none.
    background
        Background of the levels before it [unit of the gas column].
    """

    n: int
    arrival: Arrival
    placement: Placement
    warming_up: bool = False
    level: float | None = None
    background: float | None = None


class Decision(NamedTuple):
    """Which thresholds one reading exceeds.

    Parameters
    ----------
    reading
        What was received.
    context
        How it follows on the station's earlier readings.
    scores
        What was measured.
    flags
        Flags of the scored columns [F]; ``None`` if all are good.
    exceeds
        Kinds that exceed, as in the verdict.
    by
        Why methane exceeds, as in the verdict.
    suspect
        Whether a channel is flagged, or a score is near its threshold.
    elsewhere
        Whether the climate of the last readings lies outside the range of the training by more than a tolerance.
    shifts
        How far the thresholds of methane, consistency and reconstruction had moved [decades]; ``None``: fixed.
    """

    reading: Reading
    context: Context
    scores: RowScores
    flags: list[int] | None
    exceeds: tuple[str, ...]
    by: str | None
    suspect: bool
    elsewhere: bool = False
    shifts: Shifts = (None, None, None)
