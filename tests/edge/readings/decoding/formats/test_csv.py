"""Lines of values get the names that the entry declares."""

from __future__ import annotations

from typing import Any

import pytest

from edge.errors import ReadingError
from edge.readings.decoding.formats.csv import CsvFormat, csv_fault

COLUMNS = ("ts", "a", "b")
FOUND = {"ts": "2026-07-12T11:05:07Z", "a": "1.5", "b": "2"}


@pytest.mark.parametrize(
    "line",
    [
        "2026-07-12T11:05:07Z,1.5,2", "2026-07-12T11:05:07Z;1.5;2\r\n", "2026-07-12T11:05:07Z\t1.5\t2",
        "2026-07-12T11:05:07Z | 1.5 | 2", "2026-07-12T11:05:07Z 1.5  2", '"2026-07-12T11:05:07Z", "1.5", 2',
        "2026-07-12T11:05:07Z,1.5,2,,", "\ufeff2026-07-12T11:05:07Z,1.5,2\0\0",
        "# note\nts,a,b\n2026-07-12T11:05:07Z,1.5,2\n",
        "Time,CH4,R2611E\n2026-07-12T11:05:07Z,1.5,2\n", "Time;CH4;T\n;ppb;°C\n2026-07-12T11:05:07Z;1.5;2\n",
    ],
)  # fmt: skip
def test_a_line_is_a_document(line: str) -> None:
    assert CsvFormat(COLUMNS).documents(line.encode()) == [FOUND]


def test_a_decimal_comma_stands_where_another_sign_separates() -> None:
    assert CsvFormat(COLUMNS).documents(b"5;1,5;2,25") == [{"ts": "5", "a": "1,5", "b": "2,25"}]


def test_an_empty_cell_is_an_empty_text() -> None:
    assert CsvFormat(COLUMNS).documents(b"5,,2") == [{"ts": "5", "a": "", "b": "2"}]


def test_each_line_is_a_document_and_a_bad_one_costs_itself() -> None:
    found: list[Any] = CsvFormat(COLUMNS).documents(b"1,2,3\n4,5\n6,7,8\n")
    first, second, third = found
    assert (first["ts"], third["ts"]) == ("1", "6")
    assert isinstance(second, ReadingError)
    assert str(second) == "line 2: got 2 values, expected 3 as in columns"


def test_a_line_of_words_for_missing_values_is_no_header() -> None:
    found: list[Any] = CsvFormat(COLUMNS).documents(b"n/a,err,fault\n5,1,2\n")
    assert [each["a"] for each in found] == ["err", "1"]


def test_a_line_of_words_alone_is_no_header() -> None:
    (found,) = CsvFormat(COLUMNS).documents(b"pump,is,on")
    assert found == {"ts": "pump", "a": "is", "b": "on"}


def test_a_single_line_is_not_numbered() -> None:
    (found,) = CsvFormat(COLUMNS).documents(b"1,2,3,4")
    assert str(found) == "got 4 values, expected 3 as in columns"


def test_no_line_is_refused() -> None:
    for payload in (b"", b"\n\n", b"# only"):
        with pytest.raises(ReadingError, match="empty"):
            CsvFormat(COLUMNS).documents(payload)


def test_a_column_that_is_named_twice_is_refused() -> None:
    assert csv_fault(["a", "", "", "b"]) is None
    assert csv_fault(["a", "b", "a"]) == 'got "a" (a string) twice, expected each name once'
