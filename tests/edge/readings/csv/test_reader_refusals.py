"""Which tables are refused, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st

from config.settings.station import Station
from edge.archive.archived_alarm import ArchivedAlarm
from edge.errors import TableError
from edge.readings.csv.reader import read_table
from tests.edge.readings.csv.three_columns import HEADER, STATION, TIMED, read


def refusal(tmp_path: Path, text: str | bytes, station: Station = STATION) -> str:
    with pytest.raises(TableError) as caught:
        read(tmp_path, text, station)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_cell_that_is_no_number_is_named_with_file_line_and_column(tmp_path: Path) -> None:
    assert refusal(tmp_path, f"{HEADER}\n1,2,3\n1,abc,3\n") == (
        'station.csv: line 3, column "Temperature": got "abc", expected a number; fix the cell or leave it empty, '
        'or write missing: ["abc"] into the station file if it stands for no reading'
    )


@pytest.mark.parametrize("cell", ["1_000", "0x10", "١٢", "1 000", "1e", "12 C", "1.2.3", "--5", "1.234,5"])
def test_what_only_looks_like_a_number_is_refused(tmp_path: Path, cell: str) -> None:
    assert f'got "{cell}", expected a number' in refusal(tmp_path, f'{HEADER}\n1,"{cell}",3\n')


def test_the_first_ten_faults_are_listed_in_the_files_order_and_the_others_counted(tmp_path: Path) -> None:
    rows = [f"{'x' if i % 2 else 1},2,{3 if i % 2 else 'y'}" for i in range(25)]

    lines = refusal(tmp_path, "\n".join([HEADER, *rows])).splitlines()

    assert [line.split(":")[1] for line in lines[:3]] == [
        ' line 2, column "RMQ4"',
        ' line 3, column "Methane (ppb)"',
        ' line 4, column "RMQ4"',
    ]
    assert len(lines) == 11
    assert lines[-1] == "station.csv: and 15 more"


def test_a_separator_of_thousands_is_not_taken_for_a_decimal_comma(tmp_path: Path) -> None:
    assert refusal(tmp_path, f'{HEADER}\n2100.7,20.5,30\n2100,20,"20,582"\n') == (
        'station.csv: line 3, column "RMQ4": got "20,582" beside "2100.7" (line 2, column "Methane (ppb)"), '
        'which is 20.582 or 20582; fix: write thousands: "," into the station file'
    )


def test_a_missing_column_is_named_with_the_columns_found_and_the_nearest(tmp_path: Path) -> None:
    assert refusal(tmp_path, "Methane (ppb),temperatur,rmq4,Note\n1,2,3,4\n") == (
        'station.csv: line 1: got the columns "Methane (ppb)", "temperatur", "rmq4", "Note", expected also '
        '"Temperature" (nearest: "temperatur"), "RMQ4" (nearest: "rmq4"); rename the columns here or the names in '
        "the station file"
    )


def test_a_missing_time_column_is_named_like_any_other(tmp_path: Path) -> None:
    assert 'expected also "Time"' in refusal(tmp_path, f"{HEADER}\n1,2,3\n", TIMED)


@pytest.mark.parametrize("cell", ["", "yesterday", "31.01.2026 12:00", "1e300", "NaN"])
def test_a_cell_that_is_no_time_is_named(tmp_path: Path, cell: str) -> None:
    text = refusal(tmp_path, f"Time,{HEADER}\n0,1,2,3\n{cell},1,2,3\n", TIMED)

    assert text.startswith(f'station.csv: line 3, column "Time": got "{cell}", expected a time such as')


def test_a_column_that_is_there_twice_is_refused_unless_nobody_reads_it(tmp_path: Path) -> None:
    assert 'line 1: got "RMQ4" more than once' in refusal(tmp_path, f"{HEADER},RMQ4\n1,2,3,4\n")
    assert read(tmp_path, f"{HEADER},x,x\n1,2,3,4,5\n").values.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(("row", "cells"), [("1,2", 2), ("1,2,3,4", 4), ("1", 1), ("1,2,3,,5", 5)])
def test_a_ragged_row_is_named_with_its_line(tmp_path: Path, row: str, cells: int) -> None:
    assert refusal(tmp_path, f"{HEADER}\n1,2,3\n{row}\n") == (
        f"station.csv: line 3: got {cells} cells, expected 3 as in the header; mend the row"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "station.csv: the file is empty"),
        (b"\n\r\n  \n", "station.csv: the file is empty"),
        (b"\xef\xbb\xbf", "station.csv: the file is empty"),
        (HEADER.encode(), "station.csv: got a header and no rows"),
        (f"{HEADER}\n\n,,\n".encode(), "station.csv: got a header and no rows"),
        (f"{HEADER}\n1,2,3\n4,\0,6\n".encode(), "station.csv: line 3: got a NUL byte"),
        (
            f"{HEADER}\n1,2,3\n4,5,6 \xb0\n".encode("latin-1"),
            'station.csv: line 3, column "RMQ4": got "6 °", expected a',
        ),
        (b"\xff\xfea", "station.csv: line 1: got bytes that are not UTF-16"),
        (f'{HEADER}\n1,2,3\n4,"5,6\n7,8,9\n'.encode(), "station.csv: line 3: got a cell that does not end"),
        (b'"Methane (ppb),Temperature', "station.csv: line 1: got a quote that is not closed"),
        (HEADER.encode() + b"\n1,2," + b"3" * 200_000, "station.csv: line 2: got a cell that does not end"),
        (b"PK\x03\x04\0\0", "station.csv: got a damaged zip"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    text = refusal(tmp_path, data)

    assert text.startswith(message)
    assert "\n" not in text


def test_the_alarms_beside_a_collected_file_are_called_what_they_are(tmp_path: Path) -> None:
    data = ",".join(ArchivedAlarm.__struct_fields__) + "\na-1,st-1" + "," * 15 + "\n"
    text = refusal(tmp_path, data)
    assert "got the alarms of a station, which collect writes beside its readings; leave this file out" in text


def test_a_file_that_is_not_there_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv: No such file or directory; expected a CSV"):
        read_table(tmp_path / "none.csv", STATION)
    with pytest.raises(TableError, match="Is a directory; expected a CSV"):
        read_table(tmp_path, STATION)


# ---- for all inputs ----------------------------------------------------------------------------------------------

cells = st.one_of(st.sampled_from([*'0123456789.,;-\t"\n\r ', "NA", "-200", "2026-01-31"]), st.text(max_size=4))
