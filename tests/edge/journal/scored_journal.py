"""Readings of one station in a journal, committed as an agent does."""

from __future__ import annotations

from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow, StationRow, Transaction

NO_VALUES = bytes(72)


def reading_row(n: int) -> ReadingRow:
    return ReadingRow(1, n, 1.8e9 + n, 1.8e9 + n, n, 0, -n, NO_VALUES)


def commit_readings(journal: Journal, first: int, last: int) -> None:
    """Commit readings one by one, as an agent does with those of a slow station."""
    for n in range(first, last + 1):
        journal.reserve("st-1", n)
        station = StationRow(1, "st-1", "sensors/st-1/readings", "a,b", n, b"rates", None)
        journal.commit(Transaction(readings=[reading_row(n)], stations={1: station}))


def number_that_follows(journal: Journal) -> int:
    """Return the number that the next reading of the station gets, as the agent does."""
    return 1 + next((row.n for row in journal.recovered.stations), journal.begins_at("st-1"))
