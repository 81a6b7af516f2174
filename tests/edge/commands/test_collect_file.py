"""`davylamp collect` from a copy of an archive: what can be read is collected, and what is wrong is said."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import davylamp
from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from edge.clock import rfc3339
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, reading, send, write

T90 = 90 * 60.0


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with three blocks of st-1 and one of st-2."""
    archive = Archive(ArchiveSettings(), tmp_path / "archive.db", FakeClock(T0 + T90))
    for start in (1, 1001, 2001):
        send(archive, range(start, start + 1000))
        write(archive)
    send(archive, range(1, 6), station="st-2")
    write(archive)
    yield archive
    archive.close()


def collect(tmp_path: Path, *more: str, file: str = "archive.db", output: str = "recent.csv") -> int:
    return davylamp.main(["collect", "--file", str(tmp_path / file), "-o", str(tmp_path / output), *more])


def times(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [row["time"] for row in csv.DictReader(file)]


def test_the_file_of_a_running_agent_is_read_as_it_is(archive: Archive, tmp_path: Path) -> None:
    send(archive, range(3001, 3003))
    assert collect(tmp_path, "--station", "st-1") == 0
    assert len(times(tmp_path / "recent.csv")) == 3000
    assert collect(tmp_path, "--all", output="all") == 0
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "st-1.alarms.csv", "st-1.csv", "st-2.alarms.csv", "st-2.csv",
    ]  # fmt: skip


def test_a_copy_with_its_log_has_what_was_not_yet_in_the_file(archive: Archive, tmp_path: Path) -> None:
    reading = sqlite3.connect(tmp_path / "archive.db", isolation_level=None)
    reading.execute("begin")
    reading.execute("select count(*) from blocks").fetchone()  # nothing is moved out of the log meanwhile
    send(archive, range(3001, 3011))
    write(archive)
    folder = tmp_path / "copy"
    folder.mkdir()
    for end in ("", "-wal"):
        (folder / f"archive.db{end}").write_bytes((tmp_path / f"archive.db{end}").read_bytes())
    reading.close()
    assert collect(folder, "--station", "st-1") == 0
    assert len(times(folder / "recent.csv")) == 3010


def test_of_a_damaged_file_what_can_be_read_is_collected_and_it_is_said(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for start in (3001, 4001, 5001):
        for n in range(start, start + 1000):
            archive.note("st-3", STATION, reading(n)._replace(values=os.urandom(16)))  # whose blocks have many pages
        archive.settle(())
        write(archive)
    archive.close()
    data = (tmp_path / "archive.db").read_bytes()
    pages = len(data) // 4096
    (tmp_path / "archive.db").write_bytes(data[: -4 * 4096] + b"\xff" * 4096 * 4)
    assert collect(tmp_path, "--station", "st-3") == 1
    said = capsys.readouterr().err
    assert pages > 12
    assert len(times(tmp_path / "recent.csv")) == 2000
    assert "1,000 readings up to" in said
    assert "copy it again" in said


def test_a_copy_that_was_torn_is_said_to_be(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.close()
    data = (tmp_path / "archive.db").read_bytes()
    (tmp_path / "archive.db").write_bytes(data[: len(data) // 8192 * 4096])
    assert collect(tmp_path, "--station", "st-1") == 1
    said = capsys.readouterr().err
    assert "fix: copy it again, and no other file in its place" in said
    assert "set aside" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_this_user_may_not_read_is_said_with_how_to_copy_it(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "archive.db").chmod(0)
    assert collect(tmp_path) == 1
    assert "this user may not read it; fix: copy it, which is as good: sudo install" in capsys.readouterr().err


def test_the_last_days_are_those_before_the_latest_reading(archive: Archive, tmp_path: Path) -> None:
    assert collect(tmp_path, "--station", "st-1", "--days", "1") == 0
    found = times(tmp_path / "recent.csv")
    assert (found[0], len(found)) == (rfc3339(T0 + 60 * 1560), 1441)


def test_a_record_in_its_place_is_not_replaced(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "st-1.csv").write_text("time,CH4,R\n2026-01-01T00:00:00Z,2000,5\n")
    assert collect(tmp_path, "--all", output="all") == 1
    said = capsys.readouterr()
    assert "st-1.csv is there and was not collected" in said.err
    assert said.err.endswith("1 of 2 stations collected\n")
    assert len((tmp_path / "all" / "st-1.csv").read_text().splitlines()) == 2
    assert len(times(tmp_path / "all" / "st-2.csv")) == 5
    assert collect(tmp_path, "--all", output="all2") == collect(tmp_path, "--all", output="all2") == 0
