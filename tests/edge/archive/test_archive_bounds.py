"""The archive stays within its size, its days and its memory, whatever comes at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from edge.archive.archive_file import ArchiveFile
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.tables import BlockRow
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, alarms, numbers, send, wait, write
from tests.edge.archive.test_archive import CLOSED, LABEL, row

BLOCK = BlockRow(0, "st-1", "c", T0, T0 + 60, 1000, 1000, T0 + 60, os.urandom(30_000))


def size(path: Path) -> int:
    return sum(Path(f"{path}{end}").stat().st_size for end in ("", "-wal"))


def test_more_than_fits_that_comes_at_once_is_cut_to_what_fits(path: Path) -> None:
    file = ArchiveFile(path, max_mb=1, days=90)
    for _ in range(3):
        file.write({}, [BLOCK] * 100, [], [], T0 + 60)
        assert size(path) <= 1_000_000
    assert file.contents().holdings[0].readings > 20_000
    file.close()


def test_alarms_that_flap_do_not_take_the_place_of_readings(path: Path) -> None:
    file = ArchiveFile(path, max_mb=1, days=90)
    file.write({}, [BLOCK] * 20, [], [], T0 + 60)
    many = [msgspec.structs.replace(ArchivedAlarm.from_event(CLOSED), id=f"a-{n}") for n in range(20_000)]
    file.write({}, [], many, [], T0 + 60)
    assert size(path) <= 1_000_000
    assert file.contents().holdings[0].readings == 20_000
    file.close()
    assert "a-19999" not in alarms(path)  # of the first hundred that are left ...
    assert min(int(each.removeprefix("a-")) for each in alarms(path)) > 19_000  # ... which are the latest


def test_what_the_journal_has_of_many_stations_is_taken_at_once(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    for i in range(60):
        archive.resume(f"st-{i}", STATION, [row(n) for n in range(1, 2001)])
    wait(archive)
    report = archive.report()
    archive.close()
    assert (report.readings, report.lost) == (60 * 2000, 0)


def test_what_the_file_has_is_not_handed_over_again(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    send(archive, range(1, 101))
    write(archive)
    archive.resume("st-1", STATION, [row(n) for n in range(1, 101)])
    assert not archive.busy
    archive.close()


def test_a_disk_that_hangs_is_said_and_costs_no_more_memory_than_its_bound(
    archive: Archive, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    real = ArchiveFile.write

    def hang(*arguments: object) -> None:
        answers.wait(30)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ArchiveFile, "write", hang)
    send(archive, range(1, 1025))
    while archive._writer._begun is None:  # type: ignore[union-attr]
        pass
    clock.time += 61
    report = archive.report()
    assert report.state == "io"
    assert "its disk has not answered for 61 s; fix: " in (report.problem or "")
    for start in range(1025, 1 + 250 * 1024, 1024):
        send(archive, range(start, start + 1024))
    report = archive.report()
    assert 0 < report.waiting < 200_000
    assert report.waiting + report.lost == 250 * 1024
    answers.set()
    wait(archive)
    assert numbers(path) == list(range(1, report.waiting + 1))
    assert archive.report().state == "ok"


def test_a_file_that_cannot_be_read_is_looked_at_as_a_whole(archive: Archive, path: Path) -> None:
    send(archive, range(1, 3000))
    write(archive)
    archive.doubt()
    wait(archive)
    assert archive.report().problem is None
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * (path.stat().st_size - 4096 * 3))
    archive.doubt()
    wait(archive)
    assert "begun anew" in (archive.report().problem or "")
    assert path.with_name("archive.db.damaged").exists()
    with sqlite3.connect(path) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()


def test_labels_are_not_gathered_where_there_is_no_archive(clock: FakeClock) -> None:
    off = Archive.off(clock)
    off.settle([LABEL])
    assert off._labels == {}
