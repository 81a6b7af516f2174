"""What is remembered of a station between readings: bounded, and rebuilt from its last 2000 readings."""

from __future__ import annotations

from enum import Enum

from edge.models.background import Background
from edge.models.rolling_median import RollingMedian
from edge.models.scores import ScoreState
from edge.readings.gaps import is_gap
from edge.readings.last_good import LastGood
from edge.scoring.adaptation import Adaptation

WARM_UP = 60
"""Readings after the start, or after a long gap, whose scores do not exceed."""

FORGET_CADENCES = 240.0
"""Gap [cadences] after which nothing that was seen before still applies."""

AHEAD = 3600.0
"""A time stamp further ahead of the gateway's clock is not used [s]: it would make all later readings late."""

_CADENCE_WINDOW = 50  # intervals; their median is the cadence if none is configured
_CADENCE_LEAST = 5


class Arrival(Enum):
    """How a reading follows the one before it."""

    NEXT = "next"
    LATE = "late"
    GAP = "gap"
    LONG_GAP = "long gap"


def trusted_ts(ts: float | None, received: float) -> float | None:
    """Return a reading's time stamp, or ``None`` if it is too far ahead of its arrival to be used; Unix times [s]."""
    return None if ts is None or ts > received + AHEAD else ts


class StationState:
    """What is remembered of one station.

    Parameters
    ----------
    columns
        Number of columns that are scored, F.
    score_state
        What the scoring model remembers.
    adaptation
        The station's thresholds.
    levels
        Background of the gas column [ppb]; ``None`` without one.
    background
        The bundle's background [ppb], used until the station has its own; ``None`` without a gas column.
    cadence
        Configured interval between readings [s]; ``None`` learns it as the median of the last 50 intervals of ``ts``.

    Attributes
    ----------
    n
        Readings seen, late ones included.
    cadence
        Interval between readings [s], configured or learnt; ``None`` while it is unknown.
    last_good
        Last good values of the channels.
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
        "last_good",
        "n",
        "score_state",
    )

    def __init__(
        self,
        columns: int,
        *,
        score_state: ScoreState,
        adaptation: Adaptation,
        levels: Background | None = None,
        background: float | None = None,
        cadence: float | None = None,
    ) -> None:
        self.n = 0
        self.score_state = score_state
        self.adaptation = adaptation
        self.last_good = LastGood(columns)
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
        """Background of the last 1500 levels [ppb]; before so many were seen, the bundle's."""
        levels = self._levels
        return levels.value if levels is not None and levels.full else self._given_background

    @property
    def warming_up(self) -> bool:
        """Whether too few readings have been seen for a score to exceed."""
        return self._seen <= WARM_UP

    def arrive(self, ts: float | None, received: float) -> Arrival:
        """Count a reading and return how it follows the one before it.

        More than 3 cadences are a gap, more than 240 a long one. Gaps are measured in ``ts``; for readings without one
        in ``received``, but only with a configured cadence, because a backlog that arrives all at once would teach a
        wrong one. A long gap restarts the warm-up and the background; :meth:`forget` restarts the rest.

        Parameters
        ----------
        ts
            When it was measured, Unix time [s], or ``None``.
        received
            When it arrived, Unix time [s].

        Returns
        -------
        Arrival
            ``LATE`` if the reading is older than the newest one; then only the count changes.
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
        """Forget what a gap has made useless, once everything before it has been measured.

        Lags, flat lines and averages restart; after a long gap so do the baseline and the virtual background.
        """
        if gap is Arrival.LONG_GAP:
            self.score_state.clear()
        else:
            self.score_state.restart()

    def shift_clock(self, seconds: float) -> None:
        """Shift the last arrival by as much as the clock has jumped [s], so that the jump makes no gap."""
        if self._received is not None:
            self._received += seconds

    def update_background(self, level: float) -> None:
        """Add a gas level [ppb] to the background of the readings after it."""
        if self._levels is not None:
            self._levels.push(level)
