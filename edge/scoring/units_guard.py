"""Watches whether a station's readings come in the units that its bundle was trained in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.unit_doubt import UnitDoubt
from edge.scoring.verdict import Verdict

GUARDED = 20
"""Readings of a station, in a row, from which it is decided whether their units are right."""

_SKIPPED = 4 * GUARDED  # suspicious readings that are not judged after 20 in the right units: a season lasts
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

    __slots__ = ("_n", "_ranges", "_rows", "_skip", "doubt", "settled")

    def __init__(self, ranges: TrainedRanges) -> None:
        self._ranges = ranges
        self._rows: deque[Sequence[float]] = deque(maxlen=GUARDED)
        self._n = 0
        self._skip = 0
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
            self._skip = 0
        self._n = n
        if self._skip:
            self._skip -= 1
            return False
        self._rows.append(values)
        if len(self._rows) < GUARDED:
            return False
        found = self._ranges.doubt(self._rows)
        if found is not None:
            self._rows.clear()
            changed = self.doubt is None or self.doubt.keys != found.keys
            if changed:
                self.doubt, self.settled = found, False
            return changed
        if self.doubt is None:
            self._skip = _SKIPPED if self.settled else 0
            self.settled = True
            self._rows.clear()
            return False
        self._end_doubt()
        return self.settled

    def review(self, verdict: Verdict, values: Sequence[float]) -> Verdict:
        """Observe the reading [F] of a verdict, if it has to be; return the verdict, which is not ok while in doubt."""
        if not verdict.late and (verdict.state != "ok" or verdict.out_of_domain or not self.settled):
            self.observe(verdict.n, values)
        return verdict if self.doubt is None else self.doubt.mark(verdict)

    def replay(self, first: int, observed: Iterable[tuple[int, Sequence[float]]]) -> None:
        """Observe again, after a restart, what was observed since the station's reading number ``first``.

        Parameters
        ----------
        first
            Number of the first reading that is still known.
        observed
            Number and values [F] of each reading since then that was observed.
        """
        self.settled = first > GUARDED
        for n, values in observed:
            self.observe(n, values)

    def resume(self, n: int, readings: Iterable[Sequence[float]]) -> bool:
        """Go on after a restart, when nothing says what was observed: from the last readings [N, F], and their count.

        Returns whether there is a doubt.
        """
        last = list(readings)[-_REMEMBERED:]
        self._n = n
        self._rows.extend(last)
        if len(last) < GUARDED:
            return False
        for end in range(len(last), GUARDED - 1, -GUARDED):
            found = self._ranges.doubt(last[end - GUARDED : end])
            if found is not None:
                self.doubt = found
                self._end_doubt()
                return self.doubt is not None
        self._rows.clear()
        self.settled = True
        return False

    def _end_doubt(self) -> None:
        """Keep the readings at the end that are right by themselves; the doubt is over when they are enough."""
        right = 0
        while right < len(self._rows) and self._ranges.doubt([self._rows[-1 - right]]) is None:
            right += 1
        while len(self._rows) > right:
            self._rows.popleft()
        if right == GUARDED:
            self.doubt, self.settled = None, True
            self._rows.clear()
