"""Places the rows of a record by their order in the file: nobody waited for them, so no arrival says anything."""

from __future__ import annotations

from edge.readings.station_clock.learnt_cadence import LearntCadence
from edge.readings.station_clock.placement import Placement
from edge.readings.station_clock.station_clock import StationClock


class RecordClock(StationClock):
    """The clock of a station whose readings were recorded: each row follows the one above it.

    Parameters
    ----------
    cadence
        Interval between rows [s]; ``None`` learns it as the median of the last 50 intervals of the stamps.

    Examples
    --------
    >>> clock = RecordClock(60.0)
    >>> [clock.place(ts, 0.0).elapsed for ts in (0.0, 60.0, 600.0)]
    [0.0, 60.0, 540.0]
    """

    __slots__ = ("_intervals", "_last")

    def __init__(self, cadence: float | None = None) -> None:
        super().__init__(cadence)
        self._intervals = LearntCadence() if cadence is None else None
        self._last: float | None = None

    def place(self, ts: float | None, received: float) -> Placement:
        """Place the next row; where the stamps go back, a new segment begins."""
        if ts is None:
            return Placement(True, 0.0, False, False, received, "received", None)
        elapsed = 0.0 if self._last is None else ts - self._last
        self._last = ts
        if elapsed > 0 and self._intervals is not None:
            self.cadence = self._intervals.push(elapsed)
        return Placement(True, max(0.0, elapsed), elapsed < 0, False, ts, "station", None)
