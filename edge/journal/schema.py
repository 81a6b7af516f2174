"""Schema: what is in the journal's file, and the SQL that writes and reads it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence, Set
from typing import Any, NamedTuple

import msgspec

from edge.alarms.alarm_label import AlarmLabel
from edge.journal.transaction import OutboxRow, ReadingRow, Score, StationRow, Transaction

VERSION = 1
"""Of the tables; a file of another one is set aside."""

TABLES = f"""
begin;
create table stations (id integer primary key, name text unique not null, topic text not null, columns text not null,
    n integer not null, rates blob not null, alarms blob);
create table readings (station integer not null, n integer not null, ts real, received real not null, seq integer,
    late integer not null, key integer not null, "values" blob not null, primary key (station, n)) without rowid;
create table scores (batch integer primary key, messages blob not null);
create table outbox (id integer primary key, kind text not null, alarm text, topic text not null,
    payload blob not null);
create table labels (id integer primary key, ts text not null, alarm_id text not null, station text not null,
    kind text not null, label text, comment text, opened text not null, closed text, bundle text not null);
create table retained (topic text primary key) without rowid;
create table filters (filter text primary key) without rowid;
pragma user_version = {VERSION};
commit;
"""


_UNLABELLED = 10_000  # of the newest rows, alarms of which nobody has said anything are kept
_FORGET = "delete from labels where label is null and comment is null and id <= (select max(id) from labels) - ?"
_LABELLED = "select * from labels where alarm_id = ? and closed is not null order by id desc limit 1"


class Recovered(NamedTuple):
    """What the journal knew when it was opened.

    Parameters
    ----------
    stations
        Every station that was ever kept.
    scores
        Batches of scores that are not confirmed, by number, the oldest first.
    outbox
        What is on its way, the oldest first.
    retained
        Topics that are retained at the broker.
    filters
        What was subscribed to, and may be still.
    """

    stations: Sequence[StationRow] = ()
    scores: Sequence[tuple[int, Sequence[Score]]] = ()
    outbox: Sequence[OutboxRow] = ()
    retained: Set[str] = frozenset()
    filters: Set[str] = frozenset()


def write(db: sqlite3.Connection, batch: Transaction) -> None:
    """Keep a batch; the caller's transaction makes it one."""
    # What goes makes room for what comes: a full journal must be able to empty itself.
    if batch.confirmed:
        db.execute("delete from scores where batch <= ?", (batch.confirmed,))
    if batch.delivered:
        db.executemany("delete from outbox where id = ?", [(number,) for number in batch.delivered])
    if batch.pruned:
        db.executemany("delete from readings where station = ? and n <= ?", batch.pruned.items())
    if batch.cleared:
        db.executemany("delete from retained where topic = ?", [(topic,) for topic in batch.cleared])
    if batch.stations:
        db.executemany("insert or replace into stations values (?, ?, ?, ?, ?, ?, ?)", batch.stations.values())
    if batch.readings:
        db.executemany("insert or replace into readings values (?, ?, ?, ?, ?, ?, ?, ?)", batch.readings)
    if batch.scores:
        db.execute("insert or replace into scores values (?, ?)", (batch.number, msgspec.msgpack.encode(batch.scores)))
    if batch.outbox:
        db.executemany("insert or replace into outbox values (?, ?, ?, ?, ?)", batch.outbox)
    if batch.labels:
        rows: list[Any] = [msgspec.structs.astuple(label) for label in batch.labels]
        db.executemany("insert into labels values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        db.execute(_FORGET, (_UNLABELLED,))
    if batch.asserted:
        db.executemany("insert or ignore into retained values (?)", [(topic,) for topic in batch.asserted])
    if batch.filters is not None:
        db.execute("delete from filters")
        db.executemany("insert into filters values (?)", [(each,) for each in batch.filters])


def load(db: sqlite3.Connection) -> Recovered:
    """Read everything but the readings; raises sqlite3.Error and msgspec.MsgspecError when it is damaged."""
    read = db.execute
    return Recovered(
        stations=list(stations(db)),
        scores=[
            (number, msgspec.msgpack.decode(blob, type=list[Score]))
            for number, blob in read("select * from scores order by batch")
        ],
        outbox=[OutboxRow(*row) for row in read("select * from outbox order by id")],
        retained={topic for (topic,) in read("select topic from retained")},
        filters={each for (each,) in read("select filter from filters")},
    )


def stations(db: sqlite3.Connection) -> Iterator[StationRow]:
    """Read the stations, one by one: as many as can be read of a damaged file."""
    return (StationRow(*row) for row in db.execute("select * from stations order by id"))


def readings(db: sqlite3.Connection, station: int, last: int) -> list[ReadingRow]:
    """Read the ``last`` readings of a station (-1: all), the oldest first."""
    rows = db.execute("select * from readings where station = ? order by n desc limit ?", (station, last)).fetchall()
    return [ReadingRow(*row) for row in reversed(rows)]


def labelled(db: sqlite3.Connection, alarm_id: str) -> AlarmLabel | None:
    """Read what is known last of an alarm that has closed."""
    row = db.execute(_LABELLED, (alarm_id,)).fetchone()
    return None if row is None else AlarmLabel(**dict(zip(AlarmLabel.__struct_fields__, row[1:], strict=True)))
