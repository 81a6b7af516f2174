"""Watches whether a station's readings come in the units that its bundle was trained in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.unit_doubt import UnitDoubt

GUARDED = 20
"""Readings of a station, in a row, from which it is decided whether their units are right."""

_REMEMBERED = 3 * GUARDED  # readings from which a doubt and its end are found again after a restart


class UnitsGuard:
    """Watches the units of one station.

    The first 20 readings are judged, and later every 20 suspicious ones in a row: firmware may change a unit. A doubt
    lasts until 20 readings in a row raise none.

    Parameters
    ----------
    ranges
        What the bundle was trained on.

    Attributes
    ----------
    doubt
        What is wrong; ``None``: nothing.
    settled
        Whether only suspicious readings have to be observed.
    """

    __slots__ = ("_good", "_n", "_ranges", "_rows", "doubt", "settled")

    def __init__(self, ranges: TrainedRanges) -> None:
        self._ranges = ranges
        self._rows: deque[Sequence[float]] = deque(maxlen=GUARDED)
        self._n = 0
        self._good = 0
        self.doubt: UnitDoubt | None = None
        self.settled = False

    def observe(self, n: int, values: Sequence[float]) -> bool:
        """Observe a reading in order.

        Parameters
        ----------
        n
            Count of the station's readings, this one included.
        values
            The reading [F] as received; nan is missing.

        Returns
        -------
        bool
            Whether :attr:`doubt` has changed.
        """
        if self.settled and n != self._n + 1:
            self._rows.clear()  # those between were not suspicious
        self._n = n
        self._rows.append(values)
        if self.doubt is not None:
            self._good = 0 if self._ranges.doubt([values]) else self._good + 1
            if self._good == GUARDED:
                self.doubt, self.settled = None, True
                self._rows.clear()
                return True
        if len(self._rows) < GUARDED:
            return False
        found = self._ranges.doubt(self._rows)
        self._rows.clear()
        if found is None:
            self.settled = self.doubt is None
            return False
        if self.doubt is not None and self.doubt.keys == found.keys:
            return False
        self.doubt, self.settled, self._good = found, False, 0
        return True

    def resume(self, n: int, readings: Iterable[Sequence[float]]) -> bool:
        """Go on after a restart, from the station's last readings [N, F] and its count; returns whether in doubt."""
        last = list(readings)[-_REMEMBERED:]
        for i, values in enumerate(last, n - len(last) + 1):
            self.observe(i, values)
        return self.doubt is not None
