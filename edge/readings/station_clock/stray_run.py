"""Remembers the last stamps that did not follow the track, because five that advance are a track themselves."""

from __future__ import annotations

AGAIN = 5
"""Strays in a row after which the track is left: fewer are exceptions, more are another clock."""


class StrayRun:
    """The last strays that advance among themselves, at most five.

    Parameters
    ----------
    readings
        Stamps and arrivals, Unix times [s]; the oldest first.

    Examples
    --------
    >>> run = StrayRun()
    >>> for second in (0.0, 60.0, 120.0, 180.0, 240.0):
    ...     run.add(second, 1.7e9 + second, step=180.0)
    >>> run.is_track, run.is_steady, run.least_lag
    (True, True, 1700000000.0)
    """

    __slots__ = ("readings",)

    def __init__(self, readings: list[tuple[float, float]] | None = None) -> None:
        self.readings = readings or []

    def add(self, ts: float, received: float, step: float) -> None:
        """Add a stray; it begins a new run if it does not advance, or by more than ``step`` and its arrival [s]."""
        if self.readings:
            last_ts, last_received = self.readings[-1]
            if not 0 <= ts - last_ts <= max(step, received - last_received + step):
                self.readings.clear()
        self.readings.append((ts, received))
        del self.readings[:-AGAIN]

    @property
    def is_track(self) -> bool:
        """Whether there are five, and they advance."""
        return len(self.readings) == AGAIN and self.readings[-1][0] > self.readings[0][0]

    @property
    def is_steady(self) -> bool:
        """Whether they arrived at no less than half the pace at which they were measured."""
        (first_ts, first_received), (last_ts, last_received) = self.readings[0], self.readings[-1]
        return last_received - first_received >= 0.5 * (last_ts - first_ts)

    @property
    def least_lag(self) -> float:
        """Least time from a stamp to its arrival [s]."""
        return min(received - ts for ts, received in self.readings)
