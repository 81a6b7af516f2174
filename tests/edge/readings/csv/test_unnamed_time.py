"""A column of times that the station file does not name is reported with the line to write."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.edge.readings.csv.files import HEADER, ROWS, TIMED, lines, read, stamped

MOMENTS = [datetime(2026, 5, 7, 21, 40) + timedelta(minutes=i) for i in range(60)]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("name", "form", "fix"),
    [
        ("when", "%Y-%m-%dT%H:%M:%SZ", "time: when"),
        ("Date: local", "%Y-%m-%d %H:%M", 'time: "Date: local"'),
        ("Date", "%d/%m/%Y %H:%M", "time: Date and time_format: dd/mm/yyyy hh:mm or time_format: mm/dd/yyyy hh:mm"),
        ("Timestamp (UTC)", "%s", "time: Timestamp (UTC)"),
    ],
)
def test_a_column_of_times_is_named_with_what_to_write(tmp_path: Path, name: str, form: str, fix: str) -> None:
    (note,) = read(tmp_path, stamped([moment.strftime(form) for moment in MOMENTS], name)).notes
    assert note.endswith(f"gaps are not seen; fix: write {fix} into the station file")


def test_a_date_and_a_time_of_day_are_named_together(tmp_path: Path) -> None:
    rows = [f"{moment:%Y-%m-%d,%H:%M},{row}" for moment, row in zip(MOMENTS, ROWS, strict=True)]
    (note,) = read(tmp_path, lines(*rows, header=f"Day,Clock,{HEADER}")).notes
    assert "write time: [Day, Clock] into" in note


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("id", [str(i) for i in range(60)]),
        ("note", ["calm"] * 60),
        ("time", ["n/a"] * 60),
        ("pressure", ["1013.2"] * 60),
        ("version", ["1.2.3"] * 60),
    ],
)
def test_other_columns_are_none(tmp_path: Path, name: str, cells: list[str]) -> None:
    assert read(tmp_path, stamped(cells, name)).notes == ()


def test_newest_first_is_found_by_it(tmp_path: Path) -> None:
    header, *rows = stamped([f"{moment:%Y-%m-%d %H:%M}" for moment in MOMENTS], "when").splitlines()
    table = read(tmp_path, "\n".join([header, *reversed(rows)]))
    assert table.values[:, 0].tolist() == [420.5 + i / 4 for i in range(60)]
    assert table.notes[-1] == "its rows are newest first; they were turned round"


def test_a_column_of_times_without_a_name_is_reported(tmp_path: Path) -> None:
    content = stamped([f"2026-05-07 21:{i:02d}:00" for i in range(60)], header="")
    (note,) = read(tmp_path, content).notes
    assert "its column 1, which has no name, holds times" in note
    assert "give it a name in the header, and write time: NAME into the station file" in note


def test_a_column_of_days_beside_one_of_times_of_day_is_reported(tmp_path: Path) -> None:
    content = stamped([f"2026-05-07,21:{i:02d}:00" for i in range(60)], header="Time,Clock")
    (note,) = read(tmp_path, content, TIMED).notes
    assert "gives days only" in note
    assert "write time: [Time, Clock] into the station file" in note
