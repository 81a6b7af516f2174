"""Tracks the background: a low quantile of a station's recent levels, which plumes do not raise."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort

from edge.models.windows import BACKGROUND_WINDOW

BACKGROUND_QUANTILE = 0.1
"""Quantile of the levels, low enough to lie below every plume in the window."""

LOG_STEP = 2e-4  # of the logarithm of a level: 0.4 ppb at 2,000
_LARGEST = 65535


class Background:
    """A low quantile of the last levels, kept on a logarithmic grid.

    Levels are stored as whole numbers of steps of 0.02 %, up to 65,535 above the least: 3 kB for 1,500 levels in the
    order of their arrival. Of a low quantile only the lowest levels are kept in order as well, up to twice as many as
    lie below it: most levels that come and go are not among them. Should they run short, they are sorted anew.

    Parameters
    ----------
    window
        Number of levels in the window, at least 1.
    quantile
        Quantile, in [0, 1]; interpolated linearly, as ``numpy.quantile`` does.
    stride
        Only every so many-th level is kept once the window is full, as in
        :class:`edge.models.rolling_median.RollingMedian`.
    least
        Level at the lower end of the grid, positive. Lower levels count as this one; levels more than 490,000 times as
        high count as the upper end.

    Examples
    --------
    >>> background = Background(window=3, quantile=0.5)
    >>> for level in (2000.0, 9000.0, 2100.0, 2050.0):
    ...     background.push(level)
    >>> round(background.value)
    2100
    """

    __slots__ = (
        "_fewest", "_least", "_lowest", "_origin", "_quantile", "_ring", "_skip", "_slot", "_step", "_stride",
        "_window",
    )  # fmt: skip

    def __init__(
        self,
        window: int = BACKGROUND_WINDOW,
        quantile: float = BACKGROUND_QUANTILE,
        *,
        stride: int = 1,
        least: float = 1.0,
    ) -> None:
        self._window = window
        self._quantile = quantile
        self._stride = stride
        self._least = least
        self._origin = math.log(least)
        self._fewest = int(quantile * (window - 1)) + 2  # between the last two of them lies the quantile
        self.clear()

    def clear(self) -> None:
        """Forget every level."""
        self._ring = array("H")
        self._lowest = array("H")
        self._slot = 0
        self._step = 1
        self._skip = 0  # levels that are left out before the next one is kept

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def full(self) -> bool:
        """Whether the window has been filled, and reaches as far back as it ever will."""
        return len(self._ring) == self._window and self._step == self._stride

    @property
    def log_value(self) -> float:
        """Logarithm of :attr:`value`; nan before the first level."""
        count = len(self._ring)
        if not count:
            return math.nan
        place = self._quantile * (count - 1)
        below = int(place)
        low = self._lowest[below]
        # Interpolated on the grid: its two neighbours differ too little for the logarithm to matter.
        steps = low if place == below else low + (self._lowest[below + 1] - low) * (place - below)
        return self._origin + LOG_STEP * steps

    @property
    def value(self) -> float:
        """The quantile of the levels seen, in their unit; nan before the first."""
        return math.exp(self.log_value)

    def push(self, level: float) -> None:
        """Add a level."""
        self.push_log(math.log(level) if level > self._least else self._origin)

    def push_log(self, log_level: float) -> None:
        """Add a level by its natural logarithm."""
        if self._stride > 1 and self._leaves_out():
            return
        code = round((log_level - self._origin) / LOG_STEP)
        if not 0 <= code <= _LARGEST:
            code = 0 if code < 0 else _LARGEST
        ring, lowest = self._ring, self._lowest
        others = len(ring)
        if others < self._window:
            ring.append(code)
        else:
            others -= 1
            slot = self._slot
            gone, ring[slot] = ring[slot], code
            self._slot = (slot + 1) % self._window
            if gone <= lowest[-1]:
                del lowest[bisect_left(lowest, gone)]
        kept = len(lowest)
        if kept == others or code < lowest[-1]:
            insort(lowest, code)
            if kept >= 2 * self._fewest:
                del lowest[3 * self._fewest // 2 :]
        elif kept < self._fewest:
            self._sort()

    def snapshot(self) -> tuple[int, int, bytes]:
        """Return what :meth:`restore` takes: two counters of the thinning, and the levels on the grid."""
        return self._step, self._skip, (self._ring[self._slot :] + self._ring[: self._slot]).tobytes()

    def restore(self, step: int, skip: int, levels: bytes) -> None:
        """Become as another one with the same parameters was when it made this :meth:`snapshot` (ValueError)."""
        ring = array("H")
        ring.frombytes(levels)
        if len(ring) > self._window:
            raise ValueError("background: got a snapshot of another one")
        self._ring, self._slot, self._step, self._skip = ring, 0, step, skip
        self._sort()

    def _sort(self) -> None:
        self._lowest = array("H", sorted(self._ring)[: 3 * self._fewest // 2])

    def _leaves_out(self) -> bool:
        """Return whether the next level is one of those that are left out."""
        if self._skip:
            self._skip -= 1
            return True
        if len(self._ring) == self._window and self._step < self._stride:
            self._thin()
        self._skip = self._step - 1
        return False

    def _thin(self) -> None:
        """Keep every second level, the newest among them, and from now on half as many."""
        oldest_first = self._ring[self._slot :] + self._ring[: self._slot]
        self._ring = oldest_first[::-2][::-1]
        self._slot = 0
        self._step *= 2
        self._sort()
