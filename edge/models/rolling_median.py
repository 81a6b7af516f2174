"""Computes exact rolling medians of several columns, cheaply enough for every reading."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats


class RollingMedian:
    """Medians of the last rows, one per column, by sorted arrays: a logarithmic search and one short move of memory.

    The values of every column are kept in order, each with the slot of the row that it came with, by which the value
    that leaves is found. With single precision and one or two bytes a slot, a column of 240 takes 1.2 kB. Sorting the
    window anew for every reading is as fast only if numpy sorts with wide vector instructions; this is fast everywhere.

    Parameters
    ----------
    columns
        Number of columns.
    window
        Number of rows in the window, 1 to 65536.
    least
        Least number of rows for a median.
    stride
        Only every so many-th row is kept once the window is full, so that it reaches further back; a power of 2. Until
        then rows are thinned in steps: whenever the window is full, every second row goes, and half as many come in.

    Examples
    --------
    >>> medians = RollingMedian(columns=2, window=3, least=1)
    >>> for row in ([1.0, 5.0], [9.0, 5.0], [2.0, 6.0], [3.0, 7.0]):
    ...     medians.push(row)
    >>> medians.values()
    [3.0, 6.0]
    """

    __slots__ = ("_columns", "_count", "_least", "_skip", "_slot", "_sorted", "_step", "_stride", "_window")

    def __init__(self, columns: int, window: int, least: int = 1, stride: int = 1) -> None:
        self._columns = columns
        self._window = window
        self._least = min(least, window)
        self._stride = stride
        self.clear()

    def clear(self) -> None:
        """Forget every row."""
        self._step = 1
        self._empty()

    def _empty(self) -> None:
        self._count = 0
        self._skip = 0  # rows that are left out before the next one is kept
        self._slot = 0
        # One byte a slot if 256 slots are enough: a search then takes one machine instruction per sixteen slots.
        self._sorted: list[tuple[array[float], bytearray | array[int]]] = [
            (array("f"), bytearray() if self._window <= 256 else array("H")) for _ in range(self._columns)
        ]

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether the window has been filled, and reaches as far back as it ever will."""
        return self._count == self._window and self._step == self._stride

    @property
    def thinned(self) -> bool:
        """Whether rows have been left out between those in the window."""
        return self._step > 1

    def push(self, row: Sequence[float]) -> None:
        """Add a row of finite values and, once the window is full, forget the oldest."""
        if self._stride > 1 and self._leaves_out():
            return
        slot = self._slot
        if self._count == self._window:
            for (values, slots), value in zip(self._sorted, row, strict=True):
                oldest = slots.index(slot)
                del values[oldest], slots[oldest]
                place = bisect_right(values, value)
                values.insert(place, value)
                slots.insert(place, slot)
        else:
            for (values, slots), value in zip(self._sorted, row, strict=True):
                place = bisect_right(values, value)
                values.insert(place, value)
                slots.insert(place, slot)
            self._count += 1
        self._slot = (slot + 1) % self._window

    def _leaves_out(self) -> bool:
        """Return whether the next row is one of those that are left out."""
        if self._skip:
            self._skip -= 1
            return True
        if self._count == self._window and self._step < self._stride:
            self._thin()
        self._skip = self._step - 1
        return False

    def _thin(self) -> None:
        """Keep every second row, the newest among them, and from now on half as many."""
        rows = self.rows()[::-2][::-1].tolist()
        self._empty()
        for row in rows:
            self._skip = 0
            self.push(row)
        self._step *= 2

    def rows(self) -> Floats:
        """Return the rows in the window as they are kept, in single precision, the oldest first, [N, columns]."""
        rows = np.empty((self._count, self._columns))
        for column, (values, slots) in enumerate(self._sorted):
            rows[list(slots), column] = values
        return np.roll(rows, -self._slot, axis=0) if self._count == self._window else rows

    def snapshot(self) -> tuple[int, int, bytes]:
        """Return what :meth:`restore` takes: two counters of the thinning, and the rows in single precision."""
        return self._step, self._skip, self.rows().astype(np.float32).tobytes()

    def restore(self, step: int, skip: int, rows: bytes) -> None:
        """Become as another one with the same parameters was when it made this :meth:`snapshot` (ValueError)."""
        found = np.frombuffer(rows, dtype=np.float32).reshape(-1, self._columns)
        if len(found) > self._window or not np.isfinite(found).all():
            raise ValueError("rolling median: got a snapshot of another one")
        self._empty()
        for row in found.tolist():
            self._skip = 0
            self.push(row)
        self._step, self._skip = step, skip

    def values(self) -> list[float] | None:
        """Return the medians of the rows seen, ``None`` while there are too few."""
        if self._count < self._least:
            return None
        upper = self._count >> 1
        if self._count & 1:
            return [values[upper] for values, _ in self._sorted]
        lower = upper - 1
        return [0.5 * (values[lower] + values[upper]) for values, _ in self._sorted]
