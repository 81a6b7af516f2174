"""Learns how often a station sends, from its own time stamps."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort

WINDOW = 50
"""Intervals whose median is the cadence."""

LEAST = 5
"""Intervals before which there is none."""


class LearntCadence:
    """The median of a station's last 50 intervals, in less than a kilobyte.

    Examples
    --------
    >>> learnt = LearntCadence()
    >>> [learnt.push(interval) for interval in (60.0, 61.0, 59.0, 60.0, 900.0)]
    [None, None, None, None, 60.0]
    """

    __slots__ = ("_next", "_ring", "_sorted")

    def __init__(self, intervals: bytes = b"", oldest: int = 0) -> None:
        self._ring = array("d", intervals)
        self._sorted = array("d", sorted(self._ring))
        self._next = oldest

    def push(self, interval: float) -> float | None:
        """Add an interval [s], forget the oldest, and return the median; ``None`` while there are too few."""
        ring, ordered = self._ring, self._sorted
        place = self._next
        if len(ring) < WINDOW:
            ring.append(interval)
            insort(ordered, interval)
            count = len(ring)
            if count < LEAST:
                return None
            upper = count >> 1
            return ordered[upper] if count & 1 else 0.5 * (ordered[upper - 1] + ordered[upper])
        oldest = ring[place]
        if oldest != interval:
            ring[place] = interval
            del ordered[bisect_left(ordered, oldest)]
            insort(ordered, interval)
        self._next = place + 1 if place < WINDOW - 1 else 0
        return 0.5 * (ordered[24] + ordered[25])

    def snapshot(self) -> tuple[bytes, int]:
        """Return the arguments that make an equal one."""
        return self._ring.tobytes(), self._next
