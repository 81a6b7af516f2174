"""Readings that the journal has of before a restart, from which the archive takes what a kill has cost it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.archive.station_tail import ArchivedReading, StationTail
from edge.journal.transaction import ReadingRow
from edge.readings.station_clock.placement import STAMP_NOT_USED, VERDICT
from edge.scoring.verdict import NUMBERED_STATES

Latest = tuple[int, float]
"""The count of a station's last reading in the file, and when it arrived, Unix time [s]."""


@dataclass(frozen=True)
class Resumed:
    """Readings that the journal has of before a restart; the file may have none, some or all of them.

    Parameters
    ----------
    station, columns, width
        As of a :class:`StationTail`.
    rows
        The readings, the oldest first.
    correction
        What is added to their stamps because the station's clock is off [s].
    """

    station: str
    columns: str
    width: int
    rows: Sequence[ReadingRow]
    correction: float = 0.0

    @property
    def size(self) -> int:
        """What it takes in memory [B], about."""
        return len(self.rows) * (300 + 8 * self.width)

    def behind(self, latest: Latest | None) -> Resumed:
        """Return those behind the last one that the file has; a journal that was begun anew counts from 1."""
        if latest is None or not self.rows:
            return self
        number, received = latest
        counts_on = self.rows[-1].n >= number and all(row.received == received for row in self.rows if row.n == number)
        return replace(
            self, rows=[row for row in self.rows if (row.n > number if counts_on else row.received > received)]
        )

    def tail(self) -> StationTail:
        """Return them as readings that are to be written; which alarms were open is known by their time alone."""
        tail = StationTail(self.station, self.columns, self.width)
        for row in self.rows:
            stamped = row.ts is not None and not row.place & STAMP_NOT_USED
            time = row.ts + self.correction if stamped and row.ts is not None else row.received
            verdict = min(row.place // VERDICT, len(NUMBERED_STATES) - 1)
            tail.add(ArchivedReading(row.n, time, row.received, verdict, None, row.values))
        return tail
