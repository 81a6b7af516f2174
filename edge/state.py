"""Features: what a station's past is for the present reading, one reading at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.background import RunningQuantile
from edge.gaps import is_gap

HOLD = 12
"""Readings for which a flagged channel's last good value stands in."""

BACKGROUND_WINDOW = 1500
"""Readings that the background looks back on, and that must be seen before it is the station's own."""

BACKGROUND_QUANTILE = 0.1
"""Low enough to lie below every plume in the window: a plume decays over a few hundred readings."""

FORGET_CADENCES = 240.0
"""After a longer silence nothing that was seen before holds."""

_CADENCE_WINDOW = 50  # intervals; their median is the cadence where none is configured
_CADENCE_LEAST = 5


class StationState:
    """The past of one station.

    Parameters
    ----------
    size
        Count of columns, F.
    background
        The bundle's background [ppb] until the station has its own; ``None`` without a gas column.
    cadence
        Configured interval between readings [s]; ``None`` learns it as the median of the last 50 intervals of ``ts``.

    Attributes
    ----------
    n
        Readings seen, the late ones included.
    """

    def __init__(self, size: int, *, background: float | None = None, cadence: float | None = None) -> None:
        self.n = 0
        self._given_background = background
        self._levels = RunningQuantile(BACKGROUND_WINDOW, BACKGROUND_QUANTILE)
        self._given_cadence = cadence
        self._intervals = RunningQuantile(_CADENCE_WINDOW, 0.5)
        self._newest: float | None = None
        self._received: float | None = None
        self._nothing = (math.nan,) * size
        self._unheld = (0,) * size
        self._last: Sequence[float] = self._nothing
        self._age: Sequence[int] = self._unheld

    @property
    def cadence(self) -> float | None:
        """Interval between readings [s], configured or learnt; ``None`` while it is unknown."""
        if self._given_cadence is not None or len(self._intervals) < _CADENCE_LEAST:
            return self._given_cadence
        return self._intervals.value

    @property
    def background(self) -> float | None:
        """Background [ppb]: of the last 1500 levels, the bundle's until so many were seen."""
        return self._levels.value if self._levels.full else self._given_background

    def arrive(self, ts: float | None, received: float) -> bool:
        """Count a reading and forget what a gap before it made worthless.

        After more than 3 cadences no value is held any longer; after more than 240 the background is the bundle's
        again. Gaps are seen in ``ts``; for readings without one in ``received``, but only with a configured cadence,
        because a backlog that arrives all at once would teach a wrong one.

        Parameters
        ----------
        ts
            When it was measured, Unix time [s], or ``None``.
        received
            When it arrived, Unix time [s].

        Returns
        -------
        bool
            ``False`` when the reading is late, older than the newest one: then it changes nothing else.
        """
        self.n += 1
        elapsed = 0.0
        cadence = self.cadence
        if ts is not None:
            if self._newest is not None:
                elapsed = ts - self._newest
                if elapsed < 0:
                    return False
                if elapsed > 0 and self._given_cadence is None:
                    self._intervals.push(elapsed)
            self._newest = ts
        elif self._given_cadence is not None and self._received is not None:
            elapsed = received - self._received
        self._received = received
        if cadence is not None and is_gap(0.0, elapsed, cadence):
            self._last, self._age = self._nothing, self._unheld
            if elapsed > FORGET_CADENCES * cadence:
                self._levels.clear()
        return True

    def fill(self, values: Sequence[float], good: Sequence[bool] | None = None) -> Sequence[float] | None:
        """Put the last good value in the place of every channel that is not good.

        Parameters
        ----------
        values, good
            The reading [F], and which of its channels may be used [F]; ``None``: all of them.

        Returns
        -------
        sequence or None
            The completed reading [F]; ``None`` when a channel never was good, or not in the last 12 readings.
        """
        if good is None:
            self._last, self._age = values, self._unheld
            return values
        self._last = [value if fine else held for value, fine, held in zip(values, good, self._last, strict=True)]
        self._age = [0 if fine else age + 1 for fine, age in zip(good, self._age, strict=True)]
        if max(self._age) > HOLD or any(map(math.isnan, self._last)):
            return None
        return self._last

    def rise(self, level: float) -> None:
        """Let a gas level [ppb] take part in the background of the readings after it."""
        self._levels.push(level)
