"""A transaction is committed whole or not at all, and a damaged file is set aside."""

from __future__ import annotations

import os
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from edge.alarms.alarm_label import AlarmLabel
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import OutboxRow, PartsRow, RateRow, ReadingRow, StationRow, Transaction
from tests.doubles import FakeClock

VALUES = struct.pack("=9d", *range(9))
LABEL = AlarmLabel(
    ts="t", alarm_id="a", station="st-1", kind="methane", label="plume", comment=None, opened="t", closed=None,
    bundle="b",
)  # fmt: skip


def reading(n: int, station: int = 1) -> ReadingRow:
    return ReadingRow(station, n, 1.8e9 + n, 1.8e9 + n, n, 0, -n, VALUES)


def station(n: int, number: int = 1) -> StationRow:
    return StationRow(number, f"st-{number}", f"sensors/st-{number}/readings", "a,b", n, b"rates", None)


def whole(n: int = 3) -> Transaction:
    """A transaction with something of everything."""
    return Transaction(
        number=n,
        readings=[reading(n)],
        stations={1: station(n)},
        scores=[("st-1", b'{"n":%d}' % n)],
        outbox=[OutboxRow(n, "event", "a", "t/event", b"{}")],
        labels=[LABEL],
        asserted=[f"t/{n}"],
        filters=["sensors/+/readings"],
        rate=RateRow(5.0, 1.0),
        parts={"st-9": PartsRow("st-9", "t/ch4", b"parts")},
    )


def scribble(path: Path, start: int) -> None:
    """Damage a file from ``start`` on."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * (path.stat().st_size - start))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_what_was_committed_is_there_after_a_restart(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    journal.commit(whole(3))
    journal.commit(whole(4))
    journal.close()
    journal = Journal(path, clock=fake_clock)
    assert journal.recovered == (
        [station(4)],
        [(3, [("st-1", b'{"n":3}')]), (4, [("st-1", b'{"n":4}')])],
        [OutboxRow(3, "event", "a", "t/event", b"{}"), OutboxRow(4, "event", "a", "t/event", b"{}")],
        {"t/3", "t/4"},
        {"sensors/+/readings"},
        RateRow(5.0, 1.0),
        [PartsRow("st-9", "t/ch4", b"parts")],
        [LABEL, LABEL],
        [],
    )
    assert journal.readings(1) == [reading(3), reading(4)]
    assert journal.readings(1, last=1) == [reading(4)]
    assert journal.readings(2) == []


def test_what_is_delivered_confirmed_pruned_or_cleared_is_gone(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    for n in (3, 4, 5):
        journal.commit(whole(n))
    journal.commit(Transaction(confirmed=4, delivered=[3, 5], pruned={1: 4}, cleared=["t/4"], filters=["other"]))
    journal.close()
    recovered = Journal(path, clock=fake_clock).recovered
    assert [number for number, _ in recovered.scores] == [5]
    assert [row.id for row in recovered.outbox] == [4]
    assert (recovered.retained, recovered.filters) == ({"t/3", "t/5"}, {"other"})
    with sqlite3.connect(path) as db:
        assert db.execute("select n from readings").fetchall() == [(5,)]
        assert db.execute("select label, alarm_id from labels").fetchall() == [("plume", "a")] * 3


@pytest.mark.parametrize("durability", ["power", "process"])
def test_a_killed_agent_loses_nothing_that_was_committed(path: Path, durability: str) -> None:
    script = (
        "import os, sys; from edge.clock import SystemClock; from edge.journal.journal import Journal\n"
        "from edge.journal.transaction import Transaction, ReadingRow\n"
        "journal = Journal(sys.argv[1], durability=sys.argv[2], clock=SystemClock())\n"
        "for n in range(50):\n"
        "    journal.commit(Transaction(readings=[ReadingRow(1, n, None, 0.0, n, 0, n, b'')]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, path, durability], check=False)
    assert died.returncode == -9
    with sqlite3.connect(path) as db:
        assert db.execute("select count(*) from readings").fetchone() == (50,)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_power_syncs_every_commit_and_process_does_not(path: Path, fake_clock: FakeClock) -> None:
    levels: dict[Literal["power", "process"], int] = {"power": 2, "process": 1}
    for durability, level in levels.items():
        journal = Journal(path, durability=durability, clock=fake_clock)
        assert journal._db.execute("pragma synchronous").fetchone() == (level,)
        assert journal._db.execute("pragma journal_mode").fetchone() == ("wal",)
        journal.close()


def test_a_second_agent_is_refused_in_one_line(path: Path, fake_clock: FakeClock) -> None:
    first = Journal(path, clock=fake_clock)
    with pytest.raises(JournalError, match="another agent has this journal; fix: ") as refused:
        Journal(path, clock=fake_clock)
    assert refused.value.kind == "locked"
    assert "\n" not in str(refused.value)
    first.close()
    Journal(path, clock=fake_clock).close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, fake_clock: FakeClock) -> None:
    with pytest.raises(JournalError, match=r"nowhere.*journal\.path in gateway\.yaml"):
        Journal(tmp_path / "nowhere" / "journal.db", clock=fake_clock)


def test_a_transaction_that_does_not_fit_is_refused_whole_and_deletions_make_room(
    path: Path, fake_clock: FakeClock
) -> None:
    journal = Journal(path, max_mb=1, clock=fake_clock)
    few = Transaction(readings=[reading(n) for n in range(100)])
    journal.commit(few)
    many = Transaction(readings=[reading(n) for n in range(100, 20_000)])
    with pytest.raises(JournalError, match="full") as refused:
        journal.commit(many)
    assert refused.value.kind == "full"
    assert journal.readings(1) == few.readings
    for first in range(100, 20_000, 1000):
        rows = [reading(n) for n in range(first, first + 1000)]
        journal.commit(Transaction(readings=rows, pruned={1: first - 1}))
        assert journal.readings(1) == rows


def test_a_full_disk_does_not_keep_the_agent_from_starting(path: Path) -> None:
    script = (
        "import os, resource, sys; from edge.clock import SystemClock; from edge.journal.journal import Journal\n"
        "from edge.journal.transaction import Transaction, ReadingRow; from edge.errors import JournalError\n"
        "def row(n): return ReadingRow(1, n, None, 0.0, n, 0, n, b'')\n"
        "def room(size): resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))\n"
        "if sys.argv[2] == 'dies':\n"
        "    Journal(sys.argv[1], clock=SystemClock()).commit(Transaction(readings=[row(1)]))\n"
        "    os.kill(os.getpid(), 9)\n"
        "room(1024)\n"
        "journal = Journal(sys.argv[1], clock=SystemClock())\n"
        "assert journal.readings(1) == [row(1)]\n"
        "for _ in range(2):\n"
        "    try: journal.commit(Transaction(readings=[row(2)]))\n"
        "    except JournalError as error: print(error.kind)\n"
        "assert journal.readings(1) == [row(1)]\n"
        "room(resource.RLIM_INFINITY)\n"
        "journal.commit(Transaction(readings=[row(2)]))\n"
        "print(journal.set_aside, journal._db.execute('pragma locking_mode').fetchone())\n"
    )
    died = subprocess.run([sys.executable, "-c", script, path, "dies"], check=False)
    assert died.returncode == -9
    started = subprocess.run([sys.executable, "-c", script, path, "starts"], check=True, capture_output=True, text=True)
    assert started.stdout.split("\n")[-2] == "0 ('normal',)"
    with sqlite3.connect(path) as db:
        assert db.execute("select n from readings").fetchall() == [(1,), (2,)]


def test_another_processs_lock_is_reported_and_not_waited_for(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(JournalError, match="locked") as refused:
        journal.commit(whole())
    assert refused.value.kind == "locked"
    other.execute("rollback")
    journal.commit(whole())


def test_other_processes_may_read_while_it_is_written(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    journal.commit(whole(1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin")
    assert other.execute("select count(*) from readings").fetchone() == (1,)
    journal.commit(whole(2))
    assert other.execute("select count(*) from readings").fetchone() == (1,)


@pytest.mark.parametrize("damage", ["no database", "another version", "another program's", "half of it"])
def test_a_file_that_cannot_be_used_is_set_aside_with_its_name(path: Path, fake_clock: FakeClock, damage: str) -> None:
    if damage == "no database":
        path.write_bytes(b"not a database at all" * 500)
    elif damage == "half of it":
        journal = Journal(path, clock=fake_clock)
        journal.commit(Transaction(outbox=[OutboxRow(n, "event", "a", "t", b"x" * 900) for n in range(300)]))
        journal.close()
        os.truncate(path, path.stat().st_size // 2)
    else:
        with sqlite3.connect(path) as db:
            db.execute("create table stations (id)" if damage == "another program's" else "pragma user_version = 99")
    before = path.read_bytes()
    journal = Journal(path, clock=fake_clock)
    assert not any(journal.recovered)
    assert journal.set_aside == 1
    (aside,) = path.parent.glob("journal.db.corrupt-*")
    assert aside.name == "journal.db.corrupt-20270115T080000Z"
    assert aside.read_bytes() == before
    journal.commit(whole())
    assert journal.readings(1) == [reading(3)]


def test_counts_are_recovered_from_a_damaged_file_if_they_can_be_read(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    journal.commit(whole(7))
    journal.commit(Transaction(outbox=[OutboxRow(n, "event", "a", "t", b"x" * 900) for n in range(300)]))
    journal.close()
    scribble(path, path.stat().st_size // 2)
    journal = Journal(path, clock=fake_clock)
    assert (journal.recovered.stations, journal.set_aside) == ([station(7)], 1)
    journal.close()
    assert Journal(path, clock=fake_clock).recovered.stations == [station(7)]


@pytest.mark.parametrize("fate", ["removed", "overwritten"])
def test_a_file_that_is_damaged_under_our_hands_is_noticed_and_replaced(
    path: Path, fake_clock: FakeClock, fate: str
) -> None:
    journal = Journal(path, clock=fake_clock)
    journal.commit(whole(1))
    if fate == "removed":
        path.unlink()
    else:
        journal._db.execute("pragma wal_checkpoint(truncate)")
        scribble(path, 100)  # behind the header
        journal._db.execute("pragma cache_size = 0")
        journal._db.execute("pragma shrink_memory")
    with pytest.raises(JournalError) as refused:
        journal.commit(whole(2))
    assert refused.value.kind == "corrupt"
    journal.replace()
    journal.commit(whole(2))
    assert journal.set_aside == 1
    # What was unlinked can still be read, what was overwritten cannot.
    assert journal.readings(1) == ([reading(1), reading(2)] if fate == "removed" else [reading(2)])


def test_a_file_that_another_has_replaced_is_noticed(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    journal.commit(whole(1))
    other = path.with_name("other.db")
    other.write_bytes(path.read_bytes())
    other.replace(path)
    with pytest.raises(JournalError, match="the file is another one") as refused:
        journal.commit(whole(2))
    assert refused.value.kind == "corrupt"


def test_what_cannot_be_read_is_an_error_that_names_the_file(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    journal._db.close()
    for read in (lambda: journal.readings(1), lambda: journal.closed_alarm("a")):
        with pytest.raises(JournalError, match=r"journal\.db: .*; fix: "):
            read()


def test_as_many_readings_are_kept_as_fit_for_all_stations(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, max_mb=256, readings_per_station=2000, clock=fake_clock)
    assert (journal.readings_kept(1, 9), journal.readings_kept(500, 9)) == (2000, 2000)
    assert 500 < journal.readings_kept(1000, 9) < 2000
    assert 1 <= journal.readings_kept(1000, 500) < 100


def test_commits_are_timed(path: Path, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path, clock=fake_clock)
    before = journal.commit_seconds
    assert before == (None, None)
    times = iter([10.0, 10.25])
    monkeypatch.setattr(fake_clock, "monotonic", lambda: next(times))
    journal.commit(whole())
    assert journal.commit_seconds == (0.25, 0.25)
    assert journal.mb > 0
