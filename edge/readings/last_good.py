"""Holding: a channel that failed is scored with its last good value, for a while."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge.arrays import Flags, Floats, Indices, Mask
from edge.readings.quality import GOOD

HOLD = 12
"""Readings for which a flagged channel's last good value stands in."""


class FilledReadings(NamedTuple):
    """Readings that are complete, or could be completed: M of N.

    Parameters
    ----------
    rows
        Their places among the N, [M].
    values
        The readings, the last good value in the place of every flagged one, [M, F].
    actual
        The readings with what a flagged channel sent, where that is a number, [M, F].
    broken
        Which of them have a flagged channel, [M].
    """

    rows: Indices
    values: Floats
    actual: Floats
    broken: Mask


class LastGood:
    """The last good value of each channel of one station.

    Parameters
    ----------
    columns
        Count of channels, F.

    Examples
    --------
    >>> held = LastGood(2).take(np.array([[1.0, 2.0], [1.5, np.nan]]), np.array([[1, 1], [1, 9]], dtype=np.uint8))
    >>> held.values.tolist(), held.broken.tolist()
    ([[1.0, 2.0], [1.5, 2.0]], [False, True])
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self.forget()

    def forget(self) -> None:
        """Hold nothing any longer."""
        self._last: Floats = np.full(self._columns, np.nan)
        self._age: Indices = np.full(self._columns, HOLD)

    def keep(self, values: Floats) -> None:
        """Remember a reading [F] all of whose channels are good."""
        self._last = values.copy()
        self._age = np.zeros(self._columns, dtype=np.intp)

    def take(self, values: Floats, flags: Flags) -> FilledReadings:
        """Complete readings that follow on those before.

        Parameters
        ----------
        values, flags
            Readings [N, F] and what :func:`edge.readings.quality.flag` says of them [N, F].

        Returns
        -------
        Held
            Without the readings in which a channel never was good, or not in the last 12.
        """
        good = flags == GOOD
        row = np.arange(len(values))[:, None]
        # The row of each channel's latest good value; those of earlier calls count back from -1.
        latest = np.maximum.accumulate(np.where(good, row, -1 - self._age), axis=0)
        age = row - latest
        held = np.take_along_axis(np.vstack([self._last, values]), np.maximum(latest, -1) + 1, axis=0)
        self._last, self._age = held[-1].copy(), np.minimum(age[-1], HOLD)
        rows = np.flatnonzero((age <= HOLD).all(axis=1))
        complete, sent = held[rows], values[rows]
        return FilledReadings(rows, complete, np.where(np.isfinite(sent), sent, complete), ~good[rows].all(axis=1))
