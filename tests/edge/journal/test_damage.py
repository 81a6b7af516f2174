"""A journal that has lost something is noticed, and no number of a reading is given out again."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import StationRow, Transaction
from tests.doubles import FakeClock
from tests.edge.journal.scored_journal import commit_readings, number_that_follows, reading_row

_PAGE = 2048


def _remove_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def _remove_log_and_index(path: Path) -> None:
    Path(f"{path}-wal").unlink()
    Path(f"{path}-shm").unlink()


def _halve_log(path: Path) -> None:
    os.truncate(f"{path}-wal", Path(f"{path}-wal").stat().st_size // 2)


def _overwrite_log(path: Path) -> None:
    with Path(f"{path}-wal").open("r+b") as file:
        file.seek(Path(f"{path}-wal").stat().st_size // 2)
        file.write(b"\xff" * 64)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _remove_everything(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink()


def _overwrite_everything(path: Path) -> None:
    for end in ("", "-wal"):
        Path(f"{path}{end}").write_bytes(b"\xff" * 9000)


LOST: list[Callable[[Path], None]] = [
    _remove_log, _remove_log_and_index, _halve_log, _overwrite_log, _empty, _remove_everything, _overwrite_everything,
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def killed(path: Path, fake_clock: FakeClock, tmp_path: Path) -> Path:
    """The journal of an agent that was killed after 300 readings: its files as they were at that moment."""
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 300)
    (tmp_path / "killed").mkdir()
    for file in list(tmp_path.glob("journal.db*")):
        shutil.copy(file, tmp_path / "killed")
    journal.close()
    return tmp_path / "killed" / path.name


def test_a_killed_agent_goes_on_with_the_next_number(killed: Path, fake_clock: FakeClock) -> None:
    journal = Journal(killed, clock=fake_clock)
    assert (number_that_follows(journal), journal.set_aside) == (301, 0)


@pytest.mark.parametrize("lose", LOST)
def test_what_is_lost_after_a_kill_is_noticed_and_no_number_is_used_again(
    killed: Path, fake_clock: FakeClock, lose: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    lose(killed)
    journal = Journal(killed, clock=fake_clock)
    first = number_that_follows(journal)
    assert 300 < first <= 1002
    assert journal.set_aside == (lose is not _remove_everything)  # of which nothing is left to set aside
    assert "journal cannot be used" in caplog.text or "journal is gone" in caplog.text
    commit_readings(journal, first, first + 1)
    journal.close()
    journal = Journal(killed, clock=fake_clock)
    assert (number_that_follows(journal), journal.set_aside) == (first + 2, 0)


def test_a_kill_at_the_end_of_a_clean_stop_costs_nothing(
    path: Path, fake_clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path, clock=fake_clock)
    commit_readings(journal, 1, 300)
    killed = tmp_path / "killed"
    release = journal._files.release
    monkeypatch.setattr(journal._files, "release", lambda: shutil.copytree(path.parent, killed) and release())
    journal.close()
    after = Journal(killed / path.name, clock=fake_clock)
    assert after.set_aside == 0
    assert [row.n for row in after.recovered.stations] == [300]
    after.close()


def test_what_an_older_file_shows_is_noticed_too(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 1)
    journal.close()
    shutil.copy(path, backup := path.with_name("backup.db"))
    journal = Journal(path, durability="process", clock=fake_clock)
    for n in (1500, 3000):
        commit_readings(journal, n, n)
    journal.close()
    shutil.copy(backup, path)
    assert number_that_follows(Journal(path, clock=fake_clock)) > 3000


@pytest.mark.parametrize("lose", [_remove_log, _halve_log, _empty, _remove_everything])
def test_what_is_lost_under_our_hands_is_noticed_at_the_next_commit_and_nothing_is_missing_afterwards(
    path: Path, fake_clock: FakeClock, lose: Callable[[Path], None]
) -> None:
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 100)
    lose(path)
    with pytest.raises(JournalError, match=r"(removed|cut).*set aside") as refused:
        commit_readings(journal, 101, 101)
    assert refused.value.kind == "corrupt"
    station = StationRow(1, "st-1", "sensors/st-1/readings", "a,b", 100, b"rates", None)
    journal.replace([Transaction(stations={1: station})])
    commit_readings(journal, 101, 101)
    assert journal.set_aside == 1
    kept = journal.readings(1)
    assert kept[-1] == reading_row(101)
    assert len(kept) == 101 or lose in (_halve_log, _empty)  # what was only unlinked can still be read
    journal.close()
    assert number_that_follows(Journal(path, clock=fake_clock)) == 102


def test_another_program_may_have_sqlite_cut_the_log(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 20)
    with sqlite3.connect(path) as other:
        other.execute("pragma wal_checkpoint(truncate)")
    assert Path(f"{path}-wal").stat().st_size == 0
    commit_readings(journal, 21, 21)
    assert journal.readings(1) == [reading_row(n) for n in range(1, 22)]
    assert journal.set_aside == 0


def _pages_of_readings(path: Path) -> list[int]:
    with sqlite3.connect(path) as db:
        kinds = db.execute("select pageno from dbstat where name = 'readings' and pagetype = 'leaf' order by pageno")
        return [page for (page,) in kinds]


def _overwrite(path: Path, page: int, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * _PAGE + start)
        file.write(content)


def test_a_damaged_page_of_readings_costs_those_on_it_and_no_others(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 400)
    journal.close()
    pages = _pages_of_readings(path)
    _overwrite(path, pages[len(pages) // 2], 0, b"\xff" * 64)
    journal = Journal(path, clock=fake_clock)
    assert journal.set_aside == 0  # opening does not read them
    with pytest.raises(JournalError, match="set aside") as refused:
        journal.readings(1)
    assert refused.value.kind == "corrupt"
    journal.replace()
    kept = [row.n for row in journal.readings(1)]
    missing = set(range(1, 401)) - set(kept)
    assert 0 < len(missing) < 60
    assert max(missing) - min(missing) < 60


def test_a_reading_of_the_wrong_type_is_damage(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    commit_readings(journal, 1, 3)
    journal._db.execute("update readings set received = 'soon' where n = 2")
    with pytest.raises(JournalError, match=r"received|float") as refused:
        journal.readings(1)
    assert refused.value.kind == "corrupt"
    journal.replace()
    assert [row.n for row in journal.readings(1)] == [1, 3]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_overwritten_the_journal_opens_reads_and_goes_on(
    path: Path, fake_clock: FakeClock, seed: int
) -> None:
    rng = random.Random(seed)
    journal = Journal(path, durability="process", clock=fake_clock)
    commit_readings(journal, 1, 200)
    journal.close()
    for _ in range(rng.randint(1, 5)):
        _overwrite(path, rng.randint(1, path.stat().st_size // _PAGE), rng.randint(0, _PAGE - 64), rng.randbytes(64))
    journal = Journal(path, durability="process", clock=fake_clock)
    first = number_that_follows(journal)
    for work in (lambda: journal.readings(1), lambda: commit_readings(journal, first, first)):
        try:
            work()
        except JournalError as error:
            if error.kind != "corrupt":
                raise
            journal.replace()
            work()


def test_a_part_of_a_disk_that_stays_unreadable_is_damage(
    path: Path, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path, clock=fake_clock)

    def fail(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    monkeypatch.setattr("edge.journal.schema.readings", fail)
    kinds = []
    for _ in range(3):
        with pytest.raises(JournalError) as refused:
            journal.readings(1)
        kinds.append(refused.value.kind)
        fake_clock.time += 20
    assert kinds == ["io", "io", "corrupt"]
