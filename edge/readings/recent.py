"""Keeps a station's last complete readings, to synthesise rows like them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats
from edge.errors import RequestError

MOST_RECENT = 500
"""Number of readings that are remembered."""


class Recent:
    """The last 500 readings without a missing value, and which of them belong to the last alarm.

    Parameters
    ----------
    size
        Count of columns, F.
    """

    def __init__(self, size: int) -> None:
        self._ring = np.empty((MOST_RECENT, size), dtype=np.float64)
        self._count = 0  # complete readings so far; number i lies at i % MOST_RECENT
        self._began = self._ended = 0  # of the last alarm
        self._stands = False

    def add(self, values: Sequence[float], *, raised_by: int = 0, stands: bool = False) -> None:
        """Add the next reading; an incomplete one is left out.

        Parameters
        ----------
        values
            [F], in the station's order and units.
        raised_by
            Number of readings, up to this one, that raised an alarm with it; 0: no alarm was raised.
        stands
            Whether an alarm stands now. Overlapping alarms count as one.
        """
        if math.isfinite(sum(values)):
            self._ring[self._count % MOST_RECENT] = values
            self._count += 1
        if raised_by and not self._stands:
            self._began = max(self._count - raised_by, self._ended)
        if stands:
            self._ended = self._count
        self._stands = stands

    def last(self, n: int) -> Floats:
        """Return the last ``n`` readings, or as many as there are, [N, F]; raises RequestError without any."""
        if not 1 <= n <= MOST_RECENT:
            raise RequestError(f"last: got {n}, expected 1 to {MOST_RECENT}")
        return self._rows(self._count - n, self._count, "recent: got a station that has sent no complete reading yet")

    def event(self) -> Floats:
        """Return the readings [N, F] of the last alarm, with those that raised it; raises RequestError without any."""
        return self._rows(
            self._began, self._ended, f"event: got a station without an alarm among its last {MOST_RECENT} readings"
        )

    def _rows(self, begin: int, end: int, otherwise: str) -> Floats:
        numbers = np.arange(max(begin, self._count - MOST_RECENT, 0), end)
        if not len(numbers):
            raise RequestError(f"around: {otherwise}")
        return self._ring[numbers % MOST_RECENT]
