"""A collected file has each reading once, in the order of time, with what the gateway and people said of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings.archive import ArchiveSettings
from config.settings.station import Station
from edge.archive.archive import Archive
from edge.archive.archive_reader import read_archive
from edge.clock import rfc3339
from edge.collecting import collected_file
from edge.collecting.collected_file import Written, alarms_path, write_collected
from edge.errors import ArchiveError
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, pack, reading, send, write
from tests.edge.archive.test_archive import CLOSED, EVENT, LABEL, row

TIMED = msgspec.structs.replace(STATION, time="time")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(ArchiveSettings(), tmp_path / "archive.db", FakeClock(T0))
    yield archive
    archive.close()


def collected(
    archive: Archive, output: Path, *, since: float = 0.0, station: str = "st-1"
) -> tuple[list[dict[str, str]], Written, str]:
    """Write everything, and collect it; return the rows of the file."""
    write(archive)
    assert archive.path is not None
    out = io.StringIO()
    with read_archive(archive.path) as db:
        written = write_collected(db, station, output, since, out)
    with output.open(newline="") as file:
        return list(csv.DictReader(file)), written, out.getvalue()


def table(output: Path, station: Station = TIMED) -> CsvTable:
    return read_table(output, station)


def test_it_is_what_record_writes_and_three_columns_more(archive: Archive, tmp_path: Path) -> None:
    archive.note("st-1", STATION, reading(1))
    archive.note("st-1", STATION, reading(2, "a-1+a-2", 5)._replace(values=pack(float("nan"), 7.0)))
    archive.note_events([CLOSED, msgspec.structs.replace(CLOSED, id="a-2", label="false")])
    archive.settle([LABEL])
    rows, written, said = collected(archive, tmp_path / "recent.csv")
    assert (tmp_path / "recent.csv").read_text().splitlines()[0] == (
        "time,CH4,R,davylamp_verdict,davylamp_alarms,davylamp_label"
    )
    assert list(rows[0].values()) == [rfc3339(T0 + 60), "2001.0", "10000.125", "ok", "", ""]
    assert list(rows[1].values()) == [rfc3339(T0 + 120), "", "7.0", "alarm", "a-1+a-2", "plume+false"]
    assert written == Written(2, T0 + 60, T0 + 120, {"plume+false": 1}, 2)
    assert said == ""
    read = table(tmp_path / "recent.csv")
    assert read.time is not None
    assert read.time.tolist() == [T0 + 60, T0 + 120]
    assert read.labels is not None
    assert read.labels.tolist() == ["", "plume+false"]
    assert read.notes == ()


def test_readings_that_came_late_are_put_where_they_belong(archive: Archive, tmp_path: Path) -> None:
    for numbers in (range(1, 5), range(7, 9), range(5, 7), range(20, 22), range(9, 20)):
        send(archive, numbers)
        write(archive)
    rows, _, _ = collected(archive, tmp_path / "recent.csv")
    assert [each["time"] for each in rows] == [rfc3339(T0 + 60 * n) for n in range(1, 22)]


def test_a_reading_that_two_blocks_have_is_written_once(archive: Archive, tmp_path: Path) -> None:
    send(archive, range(1, 11))
    write(archive)
    for start, end in ((1, 11), (5, 15)):
        for n in range(start, end):
            archive.note("st-1", STATION, reading(n))
        archive.settle(())
        write(archive)
    rows, written, _ = collected(archive, tmp_path / "recent.csv")
    assert [each["time"] for each in rows] == [rfc3339(T0 + 60 * n) for n in range(1, 15)]
    assert written.rows == 14


def test_alarms_of_readings_from_the_journal_are_found_by_time(archive: Archive, tmp_path: Path) -> None:
    opened, closed = rfc3339(T0 + 180), rfc3339(T0 + 300)
    archive.note_events([msgspec.structs.replace(CLOSED, opened=opened, closed=closed, label="fault")])
    archive.resume("st-1", STATION, [row(n) for n in range(1, 9)])
    rows, _, _ = collected(archive, tmp_path / "recent.csv")
    assert [each["davylamp_label"] for each in rows] == ["", "", "fault", "fault", "fault", "", "", ""]
    assert {each["davylamp_verdict"] for each in rows} == {"ok"}


def test_alarms_are_written_beside_it(archive: Archive, tmp_path: Path) -> None:
    send(archive, range(1, 3))
    archive.note_events([EVENT, msgspec.structs.replace(CLOSED, id="a-2", label="plume")])
    collected(archive, tmp_path / "recent.csv")
    with alarms_path(tmp_path / "recent.csv").open(newline="") as file:
        stands, closed = csv.DictReader(file)
    assert (stands["id"], stands["closed"]) == ("a-1", "")
    assert (closed["duration_s"], closed["peak_level"], closed["culprit"]) == ("3600.0", "9000.0", "r_ohm")
    assert closed["label"] == "plume"


def test_the_last_days_only(archive: Archive, tmp_path: Path) -> None:
    send(archive, range(1, 101))
    rows, _, _ = collected(archive, tmp_path / "recent.csv", since=T0 + 60 * 91)
    assert len(rows) == 10
    with pytest.raises(ArchiveError, match="no reading since"):
        collected(archive, tmp_path / "none.csv", since=T0 + 1e6)
    assert not (tmp_path / "none.csv").exists()


def test_a_station_that_there_is_not_is_named_with_those_that_there_are(archive: Archive, tmp_path: Path) -> None:
    send(archive, range(1, 3), station="st-7")
    with pytest.raises(ArchiveError, match=r'"st-1".*it has st-7'):
        collected(archive, tmp_path / "recent.csv")


def test_blocks_with_other_units_are_left_out_and_with_another_order_are_not(archive: Archive, tmp_path: Path) -> None:
    ch4, r = STATION.features
    turned = msgspec.structs.replace(STATION, features=(r, ch4))
    other = msgspec.structs.replace(STATION, features=(msgspec.structs.replace(ch4, unit="ppm"), r))
    archive.note("st-1", other, reading(1))
    archive.note("st-1", turned, reading(2)._replace(values=pack(5.0, 6.0)))
    archive.note("st-1", STATION, reading(3)._replace(values=pack(7.0, 8.0)))
    archive.settle(())
    rows, _, said = collected(archive, tmp_path / "recent.csv")
    assert [(each["CH4"], each["R"]) for each in rows] == [("6.0", "5.0"), ("7.0", "8.0")]
    assert f"st-1: 1 readings up to {rfc3339(T0 + 60)} have other columns or units than the latest" in said


def test_a_damaged_block_is_left_out_and_said(archive: Archive, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    for start in (1, 11, 21):
        send(archive, range(start, start + 10))
        write(archive)
    assert archive.path is not None
    with closing(sqlite3.connect(archive.path, isolation_level=None)) as db:
        db.execute("update blocks set data = zeroblob(length(data)) where id = 2")
    rows, _, said = collected(archive, tmp_path / "recent.csv")
    assert len(rows) == 20
    assert "10 readings up to" in said


def test_a_block_that_only_the_index_of_a_torn_copy_has_is_left_out_and_said(archive: Archive, tmp_path: Path) -> None:
    for start in (1, 11, 21):
        send(archive, range(start, start + 10))
        write(archive)
    source = collected_file._Source._block

    def torn(self: Any, number: int) -> tuple[str, bytes]:
        return source(self, number if number != 3 else 99)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collected_file._Source, "_block", torn)
        rows, _, said = collected(archive, tmp_path / "recent.csv")
    assert len(rows) == 20
    assert "got no block 99, which the index has: 10 readings up to" in said


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(archive: Archive, tmp_path: Path) -> None:
    output = tmp_path / "recent.csv"
    output.write_text("before")
    send(archive, range(1, 3))
    with pytest.raises(ArchiveError):
        collected(archive, output, since=T0 + 1e6)
    assert output.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if "part" in path.name) == []
