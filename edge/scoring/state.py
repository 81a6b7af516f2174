"""State: what one station's past is for its next reading; bounded, and rebuilt from the last 2000 readings."""

from __future__ import annotations

from enum import Enum

from edge.models.background import Background
from edge.models.rolling_median import RollingMedian
from edge.models.scores import ScoreState
from edge.readings.gaps import is_gap
from edge.readings.last_good import LastGood
from edge.scoring.adaptation import Adaptation

WARM_UP = 60
"""Readings after the start, or after a long silence, whose scores do not alarm."""

FORGET_CADENCES = 240.0
"""After a longer silence nothing that was seen before holds."""

AHEAD = 3600.0
"""A time stamp this much ahead of the gateway's clock is not trusted [s]: it would make all later readings late."""

_CADENCE_WINDOW = 50  # intervals; their median is the cadence where none is configured
_CADENCE_LEAST = 5


class Arrival(Enum):
    """How a reading follows on the one before."""

    NEXT = "next"
    LATE = "late"
    GAP = "gap"
    LONG_GAP = "long gap"


def trusted(ts: float | None, received: float) -> float | None:
    """Return the time stamp of a reading that came at ``received``, Unix times [s]; ``None``: score it as without."""
    return None if ts is None or ts > received + AHEAD else ts


class StationState:
    """The past of one station.

    Parameters
    ----------
    columns
        Count of columns that are scored, F.
    memory
        The past for the scoring model.
    adaptation
        Its thresholds.
    levels
        Keeps the background of the gas column [ppb]; ``None`` without one.
    background
        The bundle's background [ppb], until the station has its own; ``None`` without a gas column.
    cadence
        Configured interval between readings [s]; ``None`` learns it as the median of the last 50 intervals of ``ts``.

    Attributes
    ----------
    n
        Readings seen, the late ones included.
    cadence
        Interval between readings [s], configured or learnt; ``None`` while it is unknown.
    holding
        Last good values of its channels.
    """

    __slots__ = (
        "_given_background",
        "_intervals",
        "_learns",
        "_levels",
        "_newest",
        "_received",
        "_seen",
        "adaptation",
        "cadence",
        "holding",
        "memory",
        "n",
    )

    def __init__(
        self,
        columns: int,
        *,
        memory: ScoreState,
        adaptation: Adaptation,
        levels: Background | None = None,
        background: float | None = None,
        cadence: float | None = None,
    ) -> None:
        self.n = 0
        self.memory = memory
        self.adaptation = adaptation
        self.holding = LastGood(columns)
        self.cadence = cadence
        self._seen = 0
        self._levels = levels
        self._given_background = background
        self._learns = cadence is None
        self._intervals = RollingMedian(1, _CADENCE_WINDOW, _CADENCE_LEAST)
        self._newest: float | None = None
        self._received: float | None = None

    @property
    def background(self) -> float | None:
        """Background [ppb]: of the last 1500 levels, the bundle's until so many were seen."""
        levels = self._levels
        return levels.value if levels is not None and levels.full else self._given_background

    @property
    def warming_up(self) -> bool:
        """Whether too little has been seen for a score to alarm."""
        return self._seen <= WARM_UP

    def arrive(self, ts: float | None, received: float) -> Arrival:
        """Count a reading and tell how it follows on.

        More than 3 cadences are a gap, more than 240 a long one. Gaps are seen in ``ts``; for readings without one in
        ``received``, but only with a configured cadence, because a backlog that arrives all at once would teach a
        wrong one. A long gap begins the warm-up and the background anew; for what was held and measured see
        :meth:`forget`.

        Parameters
        ----------
        ts
            When it was measured, Unix time [s], or ``None``.
        received
            When it arrived, Unix time [s].

        Returns
        -------
        Arrival
            ``LATE`` when the reading is older than the newest one: then it changes nothing but the count.
        """
        self.n += 1
        elapsed = 0.0
        cadence = self.cadence
        if ts is not None:
            if self._newest is not None:
                elapsed = ts - self._newest
                if elapsed < 0:
                    return Arrival.LATE
                if elapsed > 0 and self._learns:
                    self._intervals.push((elapsed,))
                    if (medians := self._intervals.values()) is not None:
                        self.cadence = medians[0]
            self._newest = ts
        elif not self._learns and self._received is not None:
            elapsed = received - self._received
        self._received = received
        self._seen += 1
        if cadence is None or not is_gap(0.0, elapsed, cadence):
            return Arrival.NEXT
        if elapsed <= FORGET_CADENCES * cadence:
            return Arrival.GAP
        self._seen = 1
        if self._levels is not None:
            self._levels.clear()
        return Arrival.LONG_GAP

    def forget(self, gap: Arrival) -> None:
        """Forget what a gap made worthless, once everything before it has been measured.

        Lags, flat line and averages begin anew; after a long gap so do the baseline and the virtual background.
        """
        if gap is Arrival.LONG_GAP:
            self.memory.clear()
        else:
            self.memory.restart()

    def shift(self, seconds: float) -> None:
        """Move the last arrival along with a clock that has jumped by so many seconds: no gap comes of it."""
        if self._received is not None:
            self._received += seconds

    def rise(self, level: float) -> None:
        """Let a gas level [ppb] take part in the background of the readings after it."""
        if self._levels is not None:
            self._levels.push(level)
