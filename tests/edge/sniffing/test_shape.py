"""The shape of a payload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sniffing.shape import is_time, payload_shape


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("21.5", "number"),
        ("unavailable", "number"),
        ("29,4", "number"),
        ('"21.5"', "number"),
        ("21.5 °C", "number"),
        ('{"t": 21.5}', "json"),
        ('[{"t": 21.5}, {"t": 21.6}]', "json"),
        ("[21.5, 55.2, 2100]", "array"),
        ('[{"bn": "urn:dev:1:", "n": "ch4", "u": "ppm", "v": 2.1}]', "senml"),
        ("air,station=a ch4=2100,t=21.5 1796005227000000000", "influx"),
        ("2026-05-01T12:00:00Z;2100;21.5", "csv"),
        ("1796005227,2100.5,21.5,55", "csv"),
        ("time\tch4\n1796005227\t2100.5", "csv"),
    ],
)
def test_a_format_is_recognised(payload: str, kind: str) -> None:
    shape = payload_shape(payload.encode())
    assert shape is not None
    assert shape.kind == kind


@pytest.mark.parametrize("payload", ["", "Online", "motion detected", "a,b,c", '{"t": 21.5', "\x00\x01\x02"])
def test_what_is_no_reading_is_none(payload: str) -> None:
    assert payload_shape(payload.encode()) is None


def test_a_header_names_the_values_of_a_line() -> None:
    shape = payload_shape(b"time;ch4_ppb\n2026-05-01T12:00:00Z;2100\n2026-05-01T12:01:00Z;2101")
    assert shape is not None
    assert shape.columns == ("time", "ch4_ppb")
    assert [document["ch4_ppb"] for document in shape.documents] == ["2100", "2101"]


def test_a_line_of_units_is_no_reading() -> None:
    shape = payload_shape("Time;CH4;T\ns;ppb;°C\n2026-05-01 12:00:00;2031,5;15,25".encode())
    assert shape is not None
    assert shape.columns == ("Time", "CH4", "T")
    assert [each["CH4"] for each in shape.documents] == ["2031,5"]


def test_rows_of_an_array_are_documents_each() -> None:
    shape = payload_shape(b"[[1796005227, 2031.5], [1796005237, 2032.5]]")
    assert shape is not None
    assert (shape.kind, [each["2"] for each in shape.documents]) == ("array", [2031.5, 2032.5])


def test_a_senml_value_is_there_once_under_its_shortest_name() -> None:
    shape = payload_shape(b'[{"bn": "urn:dev:mac:1:", "bt": 1796005227, "n": "ch4", "v": 2.1}]')
    assert shape is not None
    assert set(shape.documents[0]) == {"ch4", "ts"}


def test_times_are_those_of_this_century() -> None:
    assert is_time("2026-05-01 12:00:00")
    assert is_time(1_796_005_227_000)
    assert not any(map(is_time, [21.5, "21.5", True, None, "yesterday", 3600, "1970-01-01T00:01:00Z"]))


def test_a_cell_too_long_for_a_line_of_values_is_no_reading() -> None:
    assert payload_shape(b"a,1\nb," + b"2" * 140_000) is None


@given(st.binary(max_size=200))
def test_nothing_that_may_come_raises(payload: bytes) -> None:
    payload_shape(payload)
