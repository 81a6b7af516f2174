"""The levels of a station's last hour, and where they go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from edge.dashboard.page_messages import Trend

_HOUR = 3600.0  # [s]
_STEP = 60.0  # [s] between two points
_LEAST = 5  # points of a trend
_STEADY = 0.02  # of the level in an hour


class LevelTrail:
    """At most one level a minute, of an hour.

    Parameters
    ----------
    points
        Earlier ones, as (Unix time [s], level).
    """

    def __init__(self, points: Iterable[tuple[float, float]] = ()) -> None:
        self._points: deque[tuple[float, float]] = deque(points, maxlen=int(_HOUR / _STEP))
        self._minute = self._points[-1][0] // _STEP if self._points else 0.0

    def add(self, t: float, level: float) -> None:
        """Add a level; of the same minute the latest counts, and an older one does not.

        One that is older by more than an hour begins anew: a clock that was ahead has been set right.
        """
        minute = t // _STEP
        if self._points and t < self._points[-1][0] - _HOUR:
            self._points.clear()
        if self._points and minute < self._minute:
            return
        if self._points and minute == self._minute:
            self._points.pop()
        self._points.append((t, level))
        self._minute = minute

    def points(self, now: float) -> tuple[tuple[float, float], ...]:
        """Return those of the last hour."""
        return tuple(each for each in self._points if each[0] > now - _HOUR)

    def trend(self, now: float) -> Trend | None:
        """Fit a line to the last hour; ``None`` with less than five points."""
        points = self.points(now)
        if len(points) < _LEAST:
            return None
        mean_t = sum(t for t, _ in points) / len(points)
        mean = sum(level for _, level in points) / len(points)
        spread = sum((t - mean_t) ** 2 for t, _ in points)
        slope = sum((t - mean_t) * (level - mean) for t, level in points) / spread * _HOUR
        word = "steady" if abs(slope) <= _STEADY * abs(mean) else "rising" if slope > 0 else "falling"
        return Trend(per_hour=round(slope, 3), word=word)
