"""Copies what can still be read of a damaged journal into a fresh one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from edge.journal import schema
from edge.journal.fault import SQLITE_ERRORS
from edge.journal.transaction import ClockRow, MemoryRow, OutboxRow, PartsRow, Score, StationRow

_MOST = 400_000  # readings: they take a Raspberry Pi some seconds, and systemd's watchdog waits for half a minute
_SPLIT = 16  # readings that are not looked at any closer: a page has about as many

_READINGS = """
insert or ignore into fresh.readings select * from main.readings where station = ? and n between ? and ?
    and typeof(n) = 'integer' and typeof(received) in ('real', 'integer') and typeof(place) = 'integer'
    and typeof(ts) in ('real', 'integer', 'null') and typeof(seq) in ('integer', 'null')
    and typeof(key) in ('integer', 'blob') and typeof("values") = 'blob' and length("values") % 8 = 0
"""

_BATCH = tuple[int, bytes]
_LABEL = tuple[int, str, str, str, str, str | None, str | None, str, str | None, str]
_WRITING = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)

LASTING: dict[str, tuple[Any, str]] = {
    "stations": (StationRow, "id"),
    "clocks": (ClockRow, "station"),
    **dict.fromkeys(schema.MEMORY_TABLES, (MemoryRow, "station")),
    "labels": (_LABEL, "id"),
}
"""Tables that a running agent has not got in memory, or not for every station; with the type of a row and its key."""

FLEETING: dict[str, tuple[Any, str]] = {
    "scores": (_BATCH, "batch"),
    "outbox": (OutboxRow, "id"),
    "retained": (tuple[str], "topic"),
    "filters": (tuple[str], "filter"),
    "rate": (tuple[int, float, float], "id"),
    "parts": (PartsRow, "station"),
}
"""Tables that a running agent has in memory."""


def salvage(damaged: sqlite3.Connection, fresh: Path, *, running: bool) -> int:
    """Copy what can be read into a fresh file with our tables; returns the number of readings copied.

    Nothing that is wrong with the damaged file raises anything: what cannot be read is left behind.

    Parameters
    ----------
    damaged
        The damaged journal, without a transaction.
    fresh
        Path of the fresh one.
    running
        Whether the agent has the rest in memory, and newer.

    Raises
    ------
    sqlite3.Error
        The fresh file cannot be written.
    """
    tables = LASTING if running else LASTING | FLEETING
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as target:
        target.execute("pragma synchronous = off")
        target.execute("begin")
        for table, (row, key) in tables.items():
            for each in _rows(damaged, table, key, row):
                if table in schema.MEMORY_TABLES:
                    target.execute(schema.MEMORIES.format(table))
                marks = ", ".join("?" * len(each))
                target.execute(f"insert or ignore into {table} values ({marks})", each)  # noqa: S608  # our names
        target.execute("commit")
    return _copy_readings(damaged, fresh)


def _rows(db: sqlite3.Connection, table: str, key: str, row: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows before the damage in a table, and those behind it; each is of the right types."""
    seen = set()
    for order in ("asc", "desc"):
        with contextlib.suppress(*SQLITE_ERRORS):
            for each in db.execute(f"select * from {table} order by {key} {order}"):  # noqa: S608  # our names
                if each[0] not in seen and _is_sound(each, row):
                    seen.add(each[0])
                    yield each
            return  # there was no damage


def _is_sound(each: tuple[Any, ...], row: Any) -> bool:
    try:
        msgspec.convert(each, row)
        if row is _BATCH:
            msgspec.msgpack.decode(each[1], type=list[Score])
    except msgspec.MsgspecError:
        return False
    return True


def _copy_readings(db: sqlite3.Connection, fresh: Path) -> int:
    """Copy the latest readings of every station; returns how many."""
    try:
        db.execute("attach ? as fresh", (str(fresh),))
    except SQLITE_ERRORS:
        return 0  # the damaged file is not even a database
    try:
        db.execute("pragma fresh.synchronous = off")
        db.execute("pragma fresh.journal_mode = memory")
        stations = db.execute("select id, n from fresh.stations").fetchall()
        most = _MOST // max(1, len(stations))
        return sum(_copy_range(db, station, n - most + 1, n) for station, n in stations)
    finally:
        with contextlib.suppress(*SQLITE_ERRORS):
            db.execute("detach fresh")


def _copy_range(db: sqlite3.Connection, station: int, first: int, last: int) -> int:
    """Copy a station's readings with these numbers, those around the damage included; returns how many."""
    try:
        return max(0, db.execute(_READINGS, (station, first, last)).rowcount)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_IOERR or error.sqlite_errorcode in _WRITING:
            raise
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        pass
    if last - first < _SPLIT:
        return 0
    middle = (first + last) // 2
    return _copy_range(db, station, first, middle) + _copy_range(db, station, middle + 1, last)
