"""A text is a number, a word for a missing value, or neither; a station may have words of its own."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.decoding.dialect import MISSING_WORDS, Dialect, parse_number
from edge.readings.decoding.quantity import Quantity

STATION = load_station(METHANE)


def with_marks(*marks: float | str) -> Dialect:
    features = (replace(STATION.features[0], missing=marks), *STATION.features[1:])
    return Dialect(replace(STATION, features=features))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0), (" 12.50\t", 12.5), ("+7", 7.0), ("-7.", -7.0), (".5", 0.5), ("1e3", 1000.0), ("1.5E-2", 0.015),
        ("21,5", 21.5), ("-0,25", -0.25), ("0,125", 0.125), ("1234,567", 1234.567), (",5", 0.5), ("21,55", 21.55),
        ("\u22125", -5.0), ("12\0\0", 12.0), ("\ufeff12", 12.0), ("007", 7.0), ("2.335", 2.335),
    ],
)  # fmt: skip
def test_a_text_that_is_a_number_is_that_number(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["2,335", "21,500", "-1,000", "1,234,567", "1,234.5", "1.234.567", "1_000", "0x1F", "29.4 °C", "12 13", "1e", "e5",
     "twelve", "\u0661\u0662", "12;13", "true", "5i", "--5", "1,", "1e1000000000000x", "12%", ">5", "~5"],
)  # fmt: skip
def test_what_may_be_another_number_or_is_none_is_refused(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("word", sorted(MISSING_WORDS))
def test_a_word_for_a_missing_value_counts_in_any_case_and_between_blanks(word: str) -> None:
    for text in (word, word.upper(), word.title(), f"  {word}\r\n", f"\0{word}\0"):
        found = parse_number(text)
        assert found is not None
        assert math.isnan(found)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400])
def test_a_number_that_no_float_holds_is_missing(text: str) -> None:
    assert math.isnan(parse_number(text) or 0.0)


def test_words_and_numbers_of_a_column_are_its_own() -> None:
    dialect = with_marks(-999.9, "open", "-1", 65535)
    for raw in (-999.9, "-999.9", "-999.90", -999.9000244140625, "open", " OPEN ", -1, "-1", "-1.0", 65535, 65535.0):
        assert math.isnan(dialect.value(0, raw)), raw
    assert dialect.value(1, -999.9) == -999.9
    assert dialect.value(0, -200) == -200.0  # nobody named it
    with pytest.raises(ValueError, match="open"):
        dialect.value(1, "open")
    assert dialect.word(0, "Open")
    assert not dialect.word(1, "Open")
    assert dialect.word(1, " N/A ")


def test_words_of_the_station_and_of_the_entry_hold_for_every_column() -> None:
    dialect = Dialect(replace(STATION, missing=("defekt", -9999.0)), ["kaputt", 1e30])
    for column in range(STATION.size):
        for raw in ("Defekt", -9999, "-9999", "KAPUTT", 1e30, -200):
            assert math.isnan(dialect.value(column, raw))


def test_minus_200_is_missing_unless_a_column_contains_it() -> None:
    wide = replace(STATION.features[2], range=(-273.0, 100.0))
    dialect = Dialect(replace(STATION, features=(STATION.features[0], wide)))
    assert not list(wide.problems())
    assert math.isnan(dialect.value(0, -200.0))
    assert dialect.value(1, -200.0) == -200.0


@pytest.mark.parametrize("raw", [True, False, {}, [1], {"value": 1}, b"12", object()])
def test_what_is_neither_number_nor_text_is_no_value(raw: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its text is the value's
        Dialect(STATION).value(0, raw)


def test_integers_and_quantities_are_numbers() -> None:
    dialect = Dialect(STATION)
    assert dialect.value(0, 7) == 7.0
    assert dialect.value(0, Quantity(2.5, "ppm")) == 2.5
    assert math.isnan(dialect.value(0, Quantity(-200.0, "Cel")))
    assert math.isnan(dialect.value(0, 10**400))
    assert math.isnan(dialect.value(0, math.inf))
    assert math.isnan(dialect.value(0, None))


@given(st.text())
def test_any_text_is_a_finite_number_missing_or_refused(text: str) -> None:
    found = parse_number(text)
    assert found is None or not math.isinf(found)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_python_writes_is_read_exactly(value: float) -> None:
    assert parse_number(repr(value)) == value


@given(st.floats(-1e6, 1e6), st.integers(1, 6))
def test_a_comma_is_never_misread_by_a_thousand(value: float, digits: int) -> None:
    text = f"{value:.{digits}f}".replace(".", ",")
    found = parse_number(text)
    assert found is None or abs(found - value) <= 10.0**-digits
