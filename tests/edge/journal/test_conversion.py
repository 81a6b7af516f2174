"""A journal of an earlier version is converted when it is opened, and goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.journal.journal import Journal
from edge.journal.transaction import ClockRow, MemoryRow, RateRow, Transaction
from tests.doubles import FakeClock

VERSION_1 = """
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
pragma user_version = 1;
insert into stations values (1, 'st-1', 'sensors/st-1/readings', 'a,b', 7, x'00', null);
insert into readings values (1, 7, 1.5, 2.5, 7, 1, -7, x'0102');
"""
"""Tables of 0.1 and 0.2."""


def test_a_journal_of_version_0_2_opens_and_goes_on(tmp_path: Path, fake_clock: FakeClock) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.executescript(VERSION_1)
    db.close()
    journal = Journal(path, clock=fake_clock)
    assert journal.set_aside == 0
    assert [(row.name, row.n) for row in journal.recovered.stations] == [("st-1", 7)]
    assert journal.recovered.rate is None
    (row,) = journal.readings(1)
    assert (row.n, row.ts, row.received, row.seq, row.place, row.key) == (7, 1.5, 2.5, 7, 1, -7)
    assert journal.clock(1) is None
    journal.commit(Transaction(rate=RateRow(5.0, 1.0)))
    journal.close()
    assert Journal(path, clock=fake_clock).recovered.rate == (5.0, 1.0)


def test_a_converted_journal_has_the_tables_of_a_new_one(tmp_path: Path, fake_clock: FakeClock) -> None:
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.executescript(VERSION_1)
    db.close()
    columns = []
    for name in ("old.db", "new.db"):
        Journal(tmp_path / name, clock=fake_clock).close()
        with sqlite3.connect(tmp_path / name) as db:
            tables = [
                table for (table,) in db.execute("select name from sqlite_schema where type = 'table' order by name")
            ]
            columns.append({table: db.execute(f"select * from {table}").description for table in tables})
        db.close()
    assert columns[0] == columns[1]


def test_only_the_last_rate_is_kept(tmp_path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(tmp_path / "journal.db", clock=fake_clock)
    for requested in (5.0, 2.0):
        journal.commit(Transaction(rate=RateRow(requested, 1.0)))
    journal.close()
    again = Journal(tmp_path / "journal.db", clock=fake_clock)
    assert again.recovered.rate == RateRow(2.0, 1.0)


def test_the_last_clock_of_a_station_is_kept(tmp_path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(tmp_path / "journal.db", clock=fake_clock)
    for n in (1, 200):
        journal.commit(Transaction(clocks={3: ClockRow(3, n, b"%d" % n)}))
    assert journal.clock(3) == ClockRow(3, 200, b"200")
    assert journal.clock(4) is None


def test_long_windows_have_a_table_only_where_there_are_some(tmp_path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(tmp_path / "journal.db", clock=fake_clock)
    assert journal.memory(3) is None
    for n in (1, 200):
        journal.commit(Transaction(memories={3: MemoryRow(3, n, "ab12", b"%d" % n)}))
    assert journal.memory(3) == MemoryRow(3, 200, "ab12", b"200")
    assert journal.memory(4) is None
    assert journal.memory(3, "drifts") is None
    journal.commit(Transaction(drifts={3: MemoryRow(3, 201, "ab12", b"201")}))
    assert journal.memory(3, "drifts") == MemoryRow(3, 201, "ab12", b"201")
    journal.commit(Transaction(forgotten=[(3, "st-1")]))
    assert (journal.memory(3), journal.memory(3, "drifts")) == (None, None)
    journal.close()
