"""Readings that a station is not rebuilt from are summarised."""

from __future__ import annotations

from pathlib import Path

from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow, Transaction
from tests.doubles import FakeClock


def reading(station: int, n: int) -> ReadingRow:
    return ReadingRow(station, n, 1.8e9 + n, 1.8e9 + n, 100 + n, 0, -n, b"")


def test_older_readings_are_summarised(tmp_path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(tmp_path / "journal.db", clock=fake_clock)
    journal.commit(Transaction(readings=[*(reading(1, n) for n in range(5, 20)), reading(2, 1)]))
    assert journal.older(1, 10) == (5, 1.8e9 + 9, 109)
    assert journal.older(1, 5) == (None, None, None)
    journal.close()
