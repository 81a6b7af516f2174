"""Files that overlap, doubled lines, and rows that are left out of a record."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.trainer.data.test_record import STATION, TIMED, csv
from trainer.data.record import load_record
from trainer.errors import RecordError


def minutes(first: int, end: int) -> list[str]:
    return [f"{60 * i},{20 + i / 64},{1000 + 3 * i}" for i in range(first, end)]


def test_overlapping_exports_count_once_and_the_first_line_is_named(tmp_path: Path) -> None:
    header = "Time,Temperature,RMQ4"
    spans = ((0, 50), (30, 80), (60, 110))
    weeks = [csv(tmp_path / f"week{i}.csv", *minutes(*span), header=header) for i, span in enumerate(spans)]

    record = load_record(weeks, TIMED)

    assert record.values[:, 1].tolist() == [1000 + 3 * i for i in range(110)]
    assert record.parts == record.segments == ((0, 110),)
    assert record.dropped == (
        "week1.csv: 20 rows dropped: there twice, counted once (first at line 2, the same as line 32 of week0.csv)",
        "week2.csv: 20 rows dropped: there twice, counted once (first at line 2, the same as line 32 of week1.csv)",
    )


def test_a_file_under_two_names_with_other_line_ends_counts_once(tmp_path: Path) -> None:
    one = csv(tmp_path / "one.csv", *(f"{20 + i / 64},{1000 + 3 * i}" for i in range(40)))
    other = tmp_path / "other.csv"
    other.write_bytes(one.read_bytes().replace(b"\n", b"\r\n"))

    record = load_record([one, other], STATION)

    assert (len(record.values), record.files, record.parts) == (40, ("one.csv",), ((0, 40),))
    assert "other.csv: 40 rows dropped: there twice" in record.dropped[0]


def test_doubled_lines_count_once_and_do_not_end_a_segment(tmp_path: Path) -> None:
    rows = minutes(0, 40)
    path = csv(tmp_path / "station.csv", *(row for row in rows for _ in range(2)), header="Time,Temperature,RMQ4")

    record = load_record([path], TIMED)

    assert (len(record.values), record.segments) == (40, ((0, 40),))
    assert record.dropped[0].endswith("(first at line 3, the same as line 2)")


def test_rows_left_out_of_a_file_end_a_segment_and_are_counted(tmp_path: Path) -> None:
    rows = [f"{20 + i / 64},{1000 + 3 * i}" for i in range(40)]
    path = csv(tmp_path / "station.csv", *rows[:20], "Temperature,RMQ4", *rows[20:])

    record = load_record([path], STATION)

    assert record.segments == ((0, 20), (20, 40))
    assert record.dropped == ("station.csv: 1 row dropped: the header again (first at line 22)",)


def test_a_cadence_with_which_every_row_is_a_gap_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path / "station.csv", *minutes(0, 40), header="Time,Temperature,RMQ4")

    with pytest.raises(RecordError, match="rows 60 s apart, and the station file states cadence: 5, so that every row"):
        load_record([path], msgspec.structs.replace(TIMED, cadence=5.0))


def test_the_cause_is_named_when_no_complete_row_is_left(tmp_path: Path) -> None:
    path = csv(tmp_path / "station.csv", *(f"{i}," if i % 2 else f",{i}" for i in range(1, 60)))

    with pytest.raises(RecordError, match='every second row lacks "Temperature", "RMQ4"; only complete rows are'):
        load_record([path], STATION)


def test_files_that_do_not_overlap_stay_parts_and_a_missing_cell_at_the_seam_is_held(tmp_path: Path) -> None:
    header = "Time,Temperature,RMQ4"
    one = csv(tmp_path / "one.csv", *minutes(0, 40), header=header)
    two = csv(tmp_path / "two.csv", *minutes(30, 40), "2400,,1120", *minutes(41, 80), header=header)
    three = csv(tmp_path / "three.csv", *minutes(90, 120), header=header)

    record = load_record([one, two, three], TIMED)

    assert record.parts == record.segments == ((0, 80), (80, 110))
    assert np.flatnonzero(record.held[:, 0]).tolist() == [40]
