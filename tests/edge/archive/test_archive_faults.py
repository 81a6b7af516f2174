"""Nothing that happens to the archive's file costs more than what was in it, and its owner learns of it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from config.settings.archive import ArchiveSettings
from edge.archive import archive_fault
from edge.archive.archive import Archive
from tests.doubles import FakeClock
from tests.edge.archive.archives import numbers, send, wait, write


def test_a_damaged_file_is_set_aside_and_said(path: Path, clock: FakeClock) -> None:
    path.write_bytes(b"SQLite format 3\0" + os.urandom(20_000))
    archive = Archive(ArchiveSettings(), path, clock)
    send(archive, range(1, 4))
    write(archive)
    assert numbers(path) == [1, 2, 3]
    report = archive.report()
    assert report.state == "ok"
    assert report.problem is not None
    assert "begun anew" in report.problem
    assert "archive.db.damaged" in report.problem
    assert path.with_name("archive.db.damaged").exists()
    archive.close()


def test_a_file_that_is_damaged_while_it_is_open_costs_only_what_was_in_it(archive: Archive, path: Path) -> None:
    send(archive, range(1, 3000))
    write(archive)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:  # so that nothing is read from memory
        other.execute("insert into columns values ('x', 'y')")
        other.execute("pragma wal_checkpoint(truncate)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    send(archive, range(3000, 3010))
    write(archive)
    write(archive)
    assert numbers(path)[-10:] == list(range(3000, 3010))
    assert archive.report().problem is not None


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_somebody_removes_or_replaces_is_found(
    archive: Archive, path: Path, tmp_path: Path, *, replaced: bool
) -> None:
    send(archive, range(1, 4))
    write(archive)
    copy = path.read_bytes()
    path.unlink()
    if replaced:
        path.write_bytes(copy)
    send(archive, range(4, 7))
    write(archive)
    assert numbers(path) == ([1, 2, 3, 4, 5, 6] if replaced else [4, 5, 6])
    problem = archive.report().problem
    assert problem is not None
    assert ("another file was put in its place" if replaced else "it was removed") in problem


def test_readings_wait_while_another_program_has_locked_it(archive: Archive, path: Path) -> None:
    send(archive, range(1, 4))
    write(archive)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin exclusive")
    send(archive, range(4, 7))
    write(archive)
    report = archive.report()
    assert (report.state, report.waiting, report.lost) == ("locked", 3, 0)
    assert report.problem is not None
    assert "fix: stop the other process" in report.problem
    other.execute("rollback")
    send(archive, range(7, 8))
    write(archive)
    assert numbers(path) == [1, 2, 3, 4, 5, 6, 7]
    assert archive.report().state == "ok"
    assert archive.report().problem is None


def test_two_agents_do_not_share_one(archive: Archive, path: Path, clock: FakeClock) -> None:
    wait(archive)
    send(archive, range(1, 2))
    write(archive)
    other = Archive(ArchiveSettings(), path, clock)
    send(other, range(1, 4))
    write(other)
    assert other.report().state == "locked"
    assert "another agent has this archive" in (other.report().problem or "")
    other.close()
    assert numbers(path) == [1]


def test_a_folder_that_is_not_there_is_said_and_costs_no_more_memory_than_its_bound(
    tmp_path: Path, clock: FakeClock
) -> None:
    archive = Archive(ArchiveSettings(), tmp_path / "nowhere" / "archive.db", clock)
    for start in range(1, 250 * 1024, 1024):
        send(archive, range(start, start + 1024))
    wait(archive)
    report = archive.report()
    assert report.state == "io"
    assert report.problem is not None
    assert "nowhere" in report.problem
    assert report.lost > 0
    assert report.waiting + report.lost == 250 * 1024
    archive.close()


def fill(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(descriptor, bytes(4096))
    finally:
        os.close(descriptor)


def test_a_full_disk_loses_nothing_until_there_is_room(tmp_path: Path, clock: FakeClock) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("A FULL DISK IS NOT TESTED: only root can mount a small one")
    archive = Archive(ArchiveSettings(), disk / "archive.db", clock)
    try:
        wait(archive)
        filler = disk / "filler"
        filler.write_bytes(bytes(6_000_000))
        send(archive, range(1, 500))
        write(archive)
        assert archive.report().state == "full"
        assert "MB left, which are the journal's; fix: " in (archive.report().problem or "")
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        send(archive, range(500, 1025))
        write(archive)
        assert archive.report().state == "full"
        assert archive.report().lost == 0
        filler.unlink()
        send(archive, range(1025, 1030))
        write(archive)
        assert archive.report().state == "ok"
        assert numbers(disk / "archive.db") == list(range(1, 1030))
    finally:
        archive.close()
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("database", [False, True])
def test_a_file_of_another_program_keeps_its_name_and_its_content(
    path: Path, clock: FakeClock, *, database: bool
) -> None:
    if database:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("create table states (state text)")
    else:
        path.write_text("gateway: gw1\nstations: []\n")
    path.chmod(0o640)
    before = path.read_bytes()
    archive = Archive(ArchiveSettings(), path, clock)
    send(archive, range(1, 4))
    write(archive)
    report = archive.report()
    archive.close()
    assert (report.state, report.waiting) == ("io", 3)
    assert "expected an archive; fix: archive.path in gateway.yaml" in (report.problem or "")
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert not path.with_name("archive.db.damaged").exists()


def test_what_there_is_can_be_collected_although_its_disk_is_nearly_full(
    archive: Archive, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(archive, range(1, 4))
    archive.close()
    monkeypatch.setattr(archive_fault, "LEFT_FREE", float("inf"))
    again = Archive(ArchiveSettings(), path, clock)
    assert again.contents is not None
    assert [each.readings for each in again.contents.holdings] == [3]
    assert again.report().state == "full"
    again.close()
