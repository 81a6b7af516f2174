"""The archive's tables, and the SQL that writes and reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge.archive.archived_alarm import ArchivedAlarm

VERSION = 1
"""Version of the tables; an archive with another one is set aside."""

APPLICATION = 0x64617679
"""SQLite's ``application_id``, by which a file is known as an archive."""

_ALARM_COLUMNS = ArchivedAlarm.__struct_fields__
_FROM_EVENT = [each for each in _ALARM_COLUMNS[3:] if each not in {"label", "comment"}]
_TABLES = f"""
begin;
create table archive (id text primary key) without rowid;
create table columns (id text primary key, station text not null) without rowid;
create table blocks (id integer primary key, station text not null, columns text not null, first real not null,
    last real not null, readings integer not null, number integer not null, received real not null,
    size integer not null, data blob not null);
create index blocks_of_station on blocks (station, id, first, last, readings, size);
create table alarms (row integer primary key, id text unique not null, station text not null, kind text not null,
    {", ".join(_ALARM_COLUMNS[3:])}, noted real not null);
insert into archive values (lower(hex(randomblob(8))));
pragma application_id = {APPLICATION};
pragma user_version = {VERSION};
commit;
"""  # noqa: S608  # names of our own columns, here and below
_INSERT = f"""insert into alarms ({", ".join(_ALARM_COLUMNS)}, noted)
    values ({", ".join("?" * len(_ALARM_COLUMNS))}, ?)"""  # noqa: S608
_PUT_ALARM = f"""{_INSERT}
    on conflict (id) do update set {", ".join(f"{each} = excluded.{each}" for each in _FROM_EVENT)},
        label = coalesce(excluded.label, label), comment = coalesce(excluded.comment, comment)"""  # said later
_PUT_LABEL = f"""{_INSERT}
    on conflict (id) do update set label = excluded.label, comment = excluded.comment,
        closed = coalesce(closed, excluded.closed)
    where label is not excluded.label or comment is not excluded.comment
        or closed is null and excluded.closed is not null"""  # what is known already writes no page
_ALARMS = f"select row, {', '.join(_ALARM_COLUMNS)} from alarms where station = ? and row > ? order by row limit ?"  # noqa: S608
_DELETE_BLOCKS = """delete from blocks where id in (select id from blocks where received < ? order by id limit ?)
    and id < (select max(id) from blocks)"""
_DELETE_ALARMS = "delete from alarms where row in (select row from alarms where noted < ? order by row limit ?)"


class BlockRow(NamedTuple):
    """A block as it is stored, sent, and stored again where it is collected.

    Parameters
    ----------
    id
        Its number; 0 before it is stored.
    station
        Name of the station.
    columns
        Id of what its columns are.
    first, last
        Earliest and latest time of its readings, Unix time [s].
    readings
        How many it has.
    number
        The agent's count of its last reading.
    received
        When that arrived, Unix time [s].
    data
        :meth:`edge.archive.archived_block.ArchivedBlock.to_bytes`.
    """

    id: int
    station: str
    columns: str
    first: float
    last: float
    readings: int
    number: int
    received: float
    data: bytes


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive has of a station.

    Parameters
    ----------
    station
        Its name.
    readings
        How many of its readings.
    first, last
        Earliest and latest time of them, Unix time [s].
    size
        What their blocks take [B].
    block
        Number of the latest of these; 0: there is none yet.
    """

    station: str
    readings: int
    first: float
    last: float
    size: int
    block: int = 0


_BLOCK = f"select {', '.join(BlockRow._fields)} from blocks"  # noqa: S608


def create_tables(db: sqlite3.Connection) -> None:
    """Make the tables of an empty file."""
    db.executescript(_TABLES)


def put_columns(db: sqlite3.Connection, columns_id: str, station: str) -> None:
    """Store what columns are (a station file's content, as JSON), unless that is known."""
    db.execute("insert or ignore into columns values (?, ?)", (columns_id, station))


def put_blocks(db: sqlite3.Connection, rows: Iterable[BlockRow]) -> None:
    """Store blocks; those without a number get one."""
    put = "insert or ignore into blocks values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    db.executemany(put, [(row.id or None, *row[1:-1], len(row.data), row.data) for row in rows])


def put_alarms(db: sqlite3.Connection, alarms: Iterable[ArchivedAlarm], now: float = 0.0) -> None:
    """Store alarms, in the place of what was known of them; ``now`` is the gateway's time, Unix time [s]."""
    db.executemany(_PUT_ALARM, [(*msgspec.structs.astuple(alarm), now) for alarm in alarms])


def put_labels(db: sqlite3.Connection, alarms: Iterable[ArchivedAlarm], now: float) -> None:
    """Store labels of alarms; what else is known of these stays."""
    db.executemany(_PUT_LABEL, [(*msgspec.structs.astuple(alarm), now) for alarm in alarms])


def delete_older(db: sqlite3.Connection, than: float, most: int) -> None:
    """Delete readings that arrived, and alarms that were first stored, before a time [s]; the last block stays.

    At most so many blocks, and as many alarms, go at once: a clock that is wrong for an hour must not cost everything.
    """
    db.execute(_DELETE_BLOCKS, (than, most))
    db.execute(_DELETE_ALARMS, (than, most))


def delete_excess_alarms(db: sqlite3.Connection, most: int) -> None:
    """Delete the oldest alarms but so many."""
    db.execute("delete from alarms where row <= (select max(row) from alarms) - ?", (most,))


def delete_oldest(db: sqlite3.Connection, blocks: int) -> int:
    """Delete the oldest blocks, but never the last; returns how many were deleted."""
    delete = """delete from blocks where id in (select id from blocks order by id limit ?)
        and id < (select max(id) from blocks)"""
    return db.execute(delete, (blocks,)).rowcount


def archive_id(db: sqlite3.Connection) -> str:
    """Read the id that an archive got when it was begun: numbers of blocks mean something within it only."""
    return str(db.execute("select id from archive").fetchone()[0])


def holdings(db: sqlite3.Connection) -> list[Holding]:
    """Read what an archive has of each station."""
    query = """select station, sum(readings), min(first), max(last), sum(size), max(id) from blocks
        group by station order by station"""
    return [
        Holding(station=station, readings=readings, first=first, last=last, size=size, block=block)
        for station, readings, first, last, size, block in db.execute(query)
    ]


def latest(db: sqlite3.Connection) -> dict[str, tuple[int, float]]:
    """Read the count of each station's last reading, and when it arrived [s]."""
    query = "select station, number, received from blocks where id in (select max(id) from blocks group by station)"
    return {station: (number, received) for station, number, received in db.execute(query)}


def next_block(db: sqlite3.Connection, station: str, after: int, since: float) -> BlockRow | None:
    """Read a station's first block behind the one with a number that has readings since a time [s]."""
    query = f"{_BLOCK} where station = ? and id > ? and last >= ? order by id limit 1"
    row = db.execute(query, (station, after, since)).fetchone()
    return None if row is None else msgspec.convert(row, BlockRow)


def columns_of(db: sqlite3.Connection, columns_id: str) -> str | None:
    """Read what columns are, as JSON."""
    row = db.execute("select station from columns where id = ?", (columns_id,)).fetchone()
    return None if row is None else str(row[0])


def alarms_of(db: sqlite3.Connection, station: str, after: int, most: int) -> list[tuple[int, ArchivedAlarm]]:
    """Read alarms of a station behind a row, at most so many, with their rows."""
    found: Sequence[Sequence[object]] = db.execute(_ALARMS, (station, after, most)).fetchall()
    return [
        (msgspec.convert(row, int), msgspec.convert(dict(zip(_ALARM_COLUMNS, cells, strict=True)), ArchivedAlarm))
        for row, *cells in found
    ]
