"""The file of a journal: what is set aside, its place, its lock, and who may read it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import JournalError
from edge.journal.journal import Journal
from tests.doubles import FakeClock
from tests.edge.journal.scored_journal import commit_readings, number_that_follows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_three_files_that_were_set_aside_are_kept(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    for _ in range(5):
        journal.replace()
        fake_clock.time += 1
    kept = sorted(file.name for file in path.parent.glob("journal.db.corrupt-*"))
    assert [name[-3:] for name in kept] == ["02Z", "03Z", "04Z"]


def test_a_fresh_journal_that_was_not_put_into_its_place_is(path: Path, fake_clock: FakeClock) -> None:
    journal = Journal(path, clock=fake_clock)
    commit_readings(journal, 1, 3)
    journal.close()
    path.rename(f"{path}.fresh")  # the power went between the two renames
    journal = Journal(path, clock=fake_clock)
    assert (number_that_follows(journal), journal.set_aside) == (4, 0)


def test_a_disk_without_room_for_a_fresh_journal_keeps_the_one_before(
    path: Path, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path, clock=fake_clock)
    commit_readings(journal, 1, 3)

    def refuse(*_: object, **__: object) -> int:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("edge.journal.journal.make_fresh", refuse)
        with pytest.raises(JournalError, match="full"):
            journal.replace()
    assert (journal.set_aside, [row.n for row in journal.readings(1)]) == (0, [1, 2, 3])
    commit_readings(journal, 4, 4)


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to], ids=["symbolic", "hard"])
def test_a_journal_is_locked_by_whatever_name_it_is_called(
    path: Path, fake_clock: FakeClock, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    first = Journal(path, clock=fake_clock)
    commit_readings(first, 1, 1)
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "other.db"
    link(other, path)
    with pytest.raises(JournalError, match=r"other\.db: another agent|journal\.db: another agent"):
        Journal(other, clock=fake_clock)
    first.replace()  # the lock goes with the file
    with pytest.raises(JournalError, match="another agent"):
        Journal(path, clock=fake_clock)
    commit_readings(first, 2, 2)
    first.close()
    Journal(other, clock=fake_clock).close()


def test_only_its_owner_may_read_a_journal_whatever_the_umask(path: Path, fake_clock: FakeClock) -> None:
    def modes() -> set[int]:
        return {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    before = os.umask(0)
    try:
        journal = Journal(path, clock=fake_clock)
        commit_readings(journal, 1, 3)
        journal.replace()
        commit_readings(journal, 4, 4)
        assert modes() == {0o600}
        journal.close()
        path.chmod(0o644)  # as version 0.2 made it
        journal = Journal(path, clock=fake_clock)
        commit_readings(journal, 5, 5)
        assert modes() == {0o600}
    finally:
        os.umask(before)
