"""A file is continued in its own layout, and what is written is read back by the same station file."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from config.settings.station import Station
from edge.errors import TableError
from edge.readings.csv.appender import CsvAppender
from edge.readings.csv.reader import read_table
from tests.edge.readings.csv.files import GARDEN, HEADER, TIMED

STAMP = 1_796_000_000.0
VALUES = (421.25, float("nan"), 30000.5)


def append(path: Path, station: Station = TIMED) -> str:
    out = io.StringIO()
    file = CsvAppender(path, station, out)
    file.append([(STAMP, VALUES)])
    file.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, "Time"),
        ({"time_format": "dd.mm.yyyy hh:mm:ss", "timezone": "Europe/Oslo"}, "Time"),
        ({"time": ("Day", "Clock")}, "Day,Clock"),
        ({"time": ("Day", "Clock"), "time_format": "dd/mm/yyyy hh:mm:ss"}, "Day,Clock"),
        ({"decimal": ","}, "Time"),
        ({"thousands": "."}, "Time"),
    ],
)
def test_what_is_written_is_read_back_as_the_station_file_declares(
    tmp_path: Path, settings: dict[str, object], header: str
) -> None:
    station = msgspec.structs.replace(TIMED, **settings)
    path = tmp_path / "garden.csv"
    append(path, station)
    append(path, station)
    table = read_table(path, station)
    assert path.read_text().splitlines()[0] == f"{header},{HEADER}"
    assert table.time is not None
    assert table.time.tolist() == [STAMP, STAMP]
    assert table.values[:, [0, 2]].tolist() == [[421.25, 30000.5]] * 2


@pytest.mark.parametrize(
    ("existing", "row"),
    [
        (b"\xef\xbb\xbfTime,CO2,Temp \xc2\xb0C,Heater \xce\xa9\n", b"2026-11-30T00:53:20.000Z,421.25,,30000.5\n"),
        (
            "Heater Ω;note;Time;CO2;Temp °C\r\n30000,5;calm;2026-11-30T00:52:20Z;421,25;18,5\r\n".encode(),
            b"30000,5;;2026-11-30T00:53:20.000Z;421,25;\r\n",
        ),
        ("# garden\nTime\tCO2\tTemp °C\tHeater Ω\n".encode(), b"2026-11-30T00:53:20.000Z\t421.25\t\t30000.5\n"),
    ],
)
def test_an_existing_file_keeps_its_layout(tmp_path: Path, existing: bytes, row: bytes) -> None:
    path = tmp_path / "garden.csv"
    path.write_bytes(existing)
    assert append(path) == ""
    assert path.read_bytes() == existing + row


def test_a_last_row_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "garden.csv"
    path.write_text(f"Time,{HEADER}\n2026-11-30T00:52:20Z,42")
    assert append(path) == f"{path}: the last row was cut off and is removed\n"
    assert len(read_table(path, TIMED).values) == 1


@pytest.mark.parametrize(
    ("existing", "got"),
    [
        (b"a;b\n1;2\n", "the columns a;b"),
        (f"Time,{HEADER}\n".encode("utf-16"), "a file that is not UTF-8"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "the columns"),
    ],
)
def test_another_kind_of_file_is_refused_and_left_as_it_is(tmp_path: Path, existing: bytes, got: str) -> None:
    path = tmp_path / "garden.csv"
    path.write_bytes(existing)
    with pytest.raises(TableError, match=rf"got {got}.*, expected time, CO2, .*; fix: record to another file"):
        append(path, GARDEN)
    assert path.read_bytes() == existing
