"""Fills in the last good value of a channel that failed, for a limited number of readings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge.arrays import Flags, Floats, Indices, Mask
from edge.readings.quality import GOOD

HOLD = 12
"""Readings for which the last good value of a flagged channel is used."""


class FilledReadings(NamedTuple):
    """The M of N readings that are complete or could be filled.

    Parameters
    ----------
    rows
        Their row numbers among the N, [M].
    values
        The readings with the last good value in place of every flagged one, [M, F].
    actual
        The readings with the value that a flagged channel sent, where that is a number, [M, F].
    broken
        Which of them have a flagged channel, [M].
    whole
        Which of them have a value in every channel, [M]: all but those that only the spared channel leaves incomplete.
    """

    rows: Indices
    values: Floats
    actual: Floats
    broken: Mask
    whole: Mask


class LastGood:
    """The last good value of each channel of one station.

    Parameters
    ----------
    columns
        Count of channels, F.

    Examples
    --------
    >>> filled = LastGood(2).fill(np.array([[1.0, 2.0], [1.5, np.nan]]), np.array([[1, 1], [1, 9]], dtype=np.uint8))
    >>> filled.values.tolist(), filled.broken.tolist()
    ([[1.0, 2.0], [1.5, 2.0]], [False, True])
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self.clear()

    def clear(self) -> None:
        """Forget every value."""
        self._last: Floats = np.full(self._columns, np.nan)
        self._age: Indices = np.full(self._columns, HOLD)

    def update(self, values: Floats) -> None:
        """Remember a reading [F] all of whose channels are good."""
        self._last = values.copy()
        self._age = np.zeros(self._columns, dtype=np.intp)

    def fill(self, values: Floats, flags: Flags, spare: int | None = None) -> FilledReadings:
        """Fill readings that follow those before.

        Parameters
        ----------
        values
            Readings [N, F].
        flags
            Their flags [N, F], see :func:`edge.readings.quality.flag`.
        spare
            A channel without which a reading is of use; it is nan where it cannot be filled.

        Returns
        -------
        FilledReadings
            Without the readings in which a channel that is not spared was never good, or not in the last 12.
        """
        good = flags == GOOD
        row = np.arange(len(values))[:, None]
        # The row of each channel's latest good value; the rows of earlier calls count back from -1.
        latest = np.maximum.accumulate(np.where(good, row, -1 - self._age), axis=0)
        age = row - latest
        filled = np.take_along_axis(np.vstack([self._last, values]), np.maximum(latest, -1) + 1, axis=0)
        self._last, self._age = filled[-1].copy(), np.minimum(age[-1], HOLD)
        near = age <= HOLD
        whole = np.logical_and.reduce(near, axis=1)
        if spare is not None:
            filled[~near[:, spare], spare] = np.nan
            near[:, spare] = True
        rows = np.flatnonzero(near.all(axis=1))
        complete, sent = filled[rows], values[rows]
        actual = np.where(np.isfinite(sent), sent, complete)
        return FilledReadings(rows, complete, actual, ~good[rows].all(axis=1), whole[rows])
