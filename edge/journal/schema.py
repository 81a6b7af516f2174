"""The journal's tables, and the SQL that writes and reads them."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence, Set
from typing import Any, Literal, NamedTuple

import msgspec

from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Event
from edge.journal.transaction import (
    ClockRow,
    MemoryRow,
    OutboxRow,
    PartsRow,
    RateRow,
    ReadingRow,
    Score,
    StationRow,
    Transaction,
)

VERSION = 2
"""Schema version; a journal with an older one is converted, one with a later one is set aside."""

_CLOCKS = "create table clocks (station integer primary key, n integer not null, snapshot blob not null);"
MemoryTable = Literal["memories", "drifts"]
MEMORY_TABLES: tuple[MemoryTable, ...] = ("memories", "drifts")
# Made when the first of their rows is written: an older davylamp does not know the tables.
MEMORIES = (
    "create table if not exists {} (station integer primary key, n integer not null, bundle text not null, "
    "snapshot blob not null)"
)
_HAS = "select 1 from sqlite_schema where name = ?"
_CLOSINGS = "create table if not exists closings (id integer primary key, event blob not null)"  # made like those
_MOST_CLOSINGS = 200
_RATE = "create table rate (id integer primary key check (id = 1), requested real not null, configured real not null);"
_PARTS = "create table parts (station text primary key, topic text not null, parts blob not null) without rowid;"

TABLES = f"""
begin;
create table stations (id integer primary key, name text unique not null, topic text not null, columns text not null,
    n integer not null, rates blob not null, alarms blob);
{_CLOCKS}
create table readings (station integer not null, n integer not null, ts real, received real not null, seq integer,
    place integer not null, key integer not null, "values" blob not null, primary key (station, n)) without rowid;
create table scores (batch integer primary key, messages blob not null);
create table outbox (id integer primary key, kind text not null, alarm text, topic text not null,
    payload blob not null);
create table labels (id integer primary key, ts text not null, alarm_id text not null, station text not null,
    kind text not null, label text, comment text, opened text not null, closed text, bundle text not null);
create table retained (topic text primary key) without rowid;
create table filters (filter text primary key) without rowid;
{_RATE}
{_PARTS}
pragma user_version = {VERSION};
commit;
"""

CONVERSIONS = {
    1: f"""
begin;
alter table readings rename column late to place;
{_CLOCKS}
{_RATE}
{_PARTS}
pragma user_version = 2;
commit;
"""
}
"""Version of a journal -> what makes it one of the next version; no row is changed, however many there are."""

_UNLABELLED = 10_000  # newest rows among which alarms without a label or a comment are kept, too
_DELETE_UNLABELLED = (
    "delete from labels where label is null and comment is null and id <= (select max(id) from labels) - ?"
)
_NEAR = 100  # readings behind one that is sent again among which the next one probably is
_FIND = """select n from readings where station = ? and n between ? and ?
    and (key = ? or typeof(key) = 'blob' and instr(key, ?)) order by n desc limit 1"""  # blob: packed keys of its parts
MOST_READINGS = 2**62
"""More than any number of a reading."""

_CLOSED_ALARM = "select * from labels where alarm_id = ? and closed is not null order by id desc limit 1"
_LATEST_LABELS = "select * from labels order by id desc limit 200"


class Recovered(NamedTuple):
    """What the journal contained when it was opened.

    Parameters
    ----------
    stations
        Every station that was ever journalled.
    scores
        Numbers and scores of the batches that are not confirmed, the oldest first.
    outbox
        Messages that are not delivered, the oldest first.
    retained
        Topics that are retained at the broker.
    filters
        Topic filters that a session kept by the broker may still be subscribed to.
    rate
        Rate that was set by a request; ``None``: that of gateway.yaml holds.
    parts
        Parts of readings that are not complete.
    labels
        The latest alarms that have closed or were labelled, the oldest first.
    closings
        The last events of the alarms that have closed lately, the oldest first.
    """

    stations: Sequence[StationRow] = ()
    scores: Sequence[tuple[int, Sequence[Score]]] = ()
    outbox: Sequence[OutboxRow] = ()
    retained: Set[str] = frozenset()
    filters: Set[str] = frozenset()
    rate: RateRow | None = None
    parts: Sequence[PartsRow] = ()
    labels: Sequence[AlarmLabel] = ()
    closings: Sequence[Event] = ()


class OlderReadings(NamedTuple):
    """What the readings of a station are that are older than the ones it is rebuilt from.

    Parameters
    ----------
    first
        Number of the oldest of them; ``None``: there are none.
    ts, seq
        Their latest time [Unix s] and counter, if they have any.
    """

    first: int | None
    ts: float | None
    seq: int | None


def write(db: sqlite3.Connection, transaction: Transaction) -> None:
    """Write a transaction, inside the database transaction that the caller has begun."""
    # Deletions first make room for the rest: a full journal must be able to empty itself.
    if transaction.confirmed:
        db.execute("delete from scores where batch <= ?", (transaction.confirmed,))
    if transaction.delivered:
        db.executemany("delete from outbox where id = ?", [(number,) for number in transaction.delivered])
    if transaction.pruned:
        db.executemany("delete from readings where station = ? and n <= ?", transaction.pruned.items())
    if transaction.cleared:
        db.executemany("delete from retained where topic = ?", [(topic,) for topic in transaction.cleared])
    if transaction.stations:
        db.executemany("insert or replace into stations values (?, ?, ?, ?, ?, ?, ?)", transaction.stations.values())
    if transaction.clocks:
        db.executemany("insert or replace into clocks values (?, ?, ?)", transaction.clocks.values())
    if transaction.readings:
        db.executemany("insert or replace into readings values (?, ?, ?, ?, ?, ?, ?, ?)", transaction.readings)
    if transaction.scores:
        scores = msgspec.msgpack.encode(transaction.scores)
        db.execute("insert or replace into scores values (?, ?)", (transaction.number, scores))
    if transaction.outbox:
        db.executemany("insert or replace into outbox values (?, ?, ?, ?, ?)", transaction.outbox)
        _write_closings(db, [(row.payload,) for row in transaction.outbox if row.kind == "close"])
    if transaction.labels:
        rows: list[Any] = [msgspec.structs.astuple(label) for label in transaction.labels]
        db.executemany("insert into labels values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        db.execute(_DELETE_UNLABELLED, (_UNLABELLED,))
    if transaction.asserted:
        db.executemany("insert or ignore into retained values (?)", [(topic,) for topic in transaction.asserted])
    _write_settings(db, transaction)


def _write_closings(db: sqlite3.Connection, payloads: Sequence[tuple[bytes]]) -> None:
    """Keep the last events of alarms, and of these the latest."""
    if payloads:
        db.execute(_CLOSINGS)
        db.executemany("insert into closings values (null, ?)", payloads)
        db.execute("delete from closings where id <= (select max(id) from closings) - ?", (_MOST_CLOSINGS,))


def _forget(db: sqlite3.Connection, station: int, name: str) -> None:
    """Delete a station, with what the same transaction has written of it."""
    db.execute("delete from stations where id = ?", (station,))
    db.execute("delete from readings where station = ?", (station,))
    db.execute("delete from clocks where station = ?", (station,))
    db.execute("delete from parts where station = ?", (name,))
    for table in MEMORY_TABLES:
        if db.execute(_HAS, (table,)).fetchone() is not None:
            db.execute(f"delete from {table} where station = ?", (station,))  # noqa: S608  # our names


def _write_settings(db: sqlite3.Connection, transaction: Transaction) -> None:
    """Write what rarely changes."""
    for table, rows in zip(MEMORY_TABLES, (transaction.memories, transaction.drifts), strict=True):
        if rows:
            db.execute(MEMORIES.format(table))
            db.executemany(f"insert or replace into {table} values (?, ?, ?, ?)", rows.values())  # noqa: S608  # our names
    if transaction.filters is not None:
        db.execute("delete from filters")
        db.executemany("insert into filters values (?)", [(each,) for each in transaction.filters])
    if transaction.rate is not None:
        db.execute("insert or replace into rate values (1, ?, ?)", transaction.rate)
    for station, row in transaction.parts.items():
        if row is None:
            db.execute("delete from parts where station = ?", (station,))
        else:
            db.execute("insert or replace into parts values (?, ?, ?)", row)
    for number, name in transaction.forgotten:
        _forget(db, number, name)


def create(db: sqlite3.Connection) -> Recovered:
    """Make the tables of an empty file; returns what is in them."""
    db.executescript(TABLES)
    return Recovered()


def load(db: sqlite3.Connection) -> Recovered:
    """Read everything but the readings; raises sqlite3.Error or msgspec.MsgspecError if the file is damaged."""
    read = db.execute
    return Recovered(
        stations=msgspec.convert(read("select * from stations order by id").fetchall(), list[StationRow]),
        scores=[
            (number, msgspec.msgpack.decode(blob, type=list[Score]))
            for number, blob in msgspec.convert(
                read("select * from scores order by batch").fetchall(), list[tuple[int, bytes]]
            )
        ],
        outbox=msgspec.convert(read("select * from outbox order by id").fetchall(), list[OutboxRow]),
        retained={topic for (topic,) in read("select topic from retained")},
        filters={each for (each,) in read("select filter from filters")},
        rate=next((msgspec.convert(row, RateRow) for row in read("select requested, configured from rate")), None),
        parts=msgspec.convert(read("select * from parts").fetchall(), list[PartsRow]),
        labels=[_label(row) for row in reversed(read(_LATEST_LABELS).fetchall())],
        closings=list(_closings(db)),
    )


def readings(db: sqlite3.Connection, station: int, last: int) -> list[ReadingRow]:
    """Read the ``last`` readings of a station (-1: all), the oldest first; raises ValidationError for damaged ones."""
    rows = db.execute("select * from readings where station = ? order by n desc limit ?", (station, last)).fetchall()
    rows.reverse()
    return msgspec.convert(rows, list[ReadingRow])


def older(db: sqlite3.Connection, station: int, before: int) -> OlderReadings:
    """Summarise a station's readings with smaller numbers than ``before``."""
    wanted = "select min(n), max(ts), max(seq) from readings where station = ? and n < ?"
    return msgspec.convert(db.execute(wanted, (station, before)).fetchone(), OlderReadings)


def find(db: sqlite3.Connection, station: int, key: int, after: int) -> int:
    """Find the number of a station's reading with a key, first from ``after`` on; 0 without one."""
    packed = key.to_bytes(8, sys.byteorder, signed=True)
    for first, last in ((after, after + _NEAR), (0, MOST_READINGS)):
        row = db.execute(_FIND, (station, first, last, key, packed)).fetchone()
        if row is not None:
            return int(row[0])
    return 0


def clock(db: sqlite3.Connection, station: int) -> ClockRow | None:
    """Read a station's clock; ``None`` if there is none."""
    row = db.execute("select * from clocks where station = ?", (station,)).fetchone()
    return None if row is None else msgspec.convert(row, ClockRow)


def memory(db: sqlite3.Connection, station: int, table: MemoryTable) -> MemoryRow | None:
    """Read what a station remembers beside its readings; ``None`` if there is nothing."""
    if db.execute(_HAS, (table,)).fetchone() is None:
        return None
    row = db.execute(f"select * from {table} where station = ?", (station,)).fetchone()  # noqa: S608  # our names
    return None if row is None else msgspec.convert(row, MemoryRow)


def closed_alarm(db: sqlite3.Connection, alarm_id: str) -> AlarmLabel | None:
    """Read the last label of an alarm that has closed; ``None`` for an unknown one."""
    row = db.execute(_CLOSED_ALARM, (alarm_id,)).fetchone()
    return None if row is None else _label(row)


def _label(row: Sequence[Any]) -> AlarmLabel:
    return msgspec.convert(dict(zip(AlarmLabel.__struct_fields__, row[1:], strict=True)), AlarmLabel)


def _closings(db: sqlite3.Connection) -> Iterator[Event]:
    """Read the events of alarms that have closed; one that another version has written may be passed over."""
    if db.execute(_HAS, ("closings",)).fetchone() is None:
        return
    for (payload,) in db.execute("select event from closings where typeof(event) = 'blob' order by id"):
        with contextlib.suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(payload, type=Event)
