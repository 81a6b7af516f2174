"""A comma or a point is read as what it is, or refused with both readings; declared marks are read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.settings.station import Station
from tests.edge.readings.csv.files import GARDEN, HEADER, lines, read, refusal

SEMICOLONS = HEADER.replace(",", ";")


def declared(**settings: object) -> Station:
    return msgspec.structs.replace(GARDEN, **settings)


def thousands(rows: int = 40) -> str:
    return lines(*(f"{i // 1000 + 1},{120 + i};{18 + i % 3};{700 + i}" for i in range(rows)), header=SEMICOLONS)


def test_a_comma_that_always_has_three_digits_behind_it_is_refused_with_both_readings(tmp_path: Path) -> None:
    assert refusal(tmp_path, thousands()) == (
        'garden.csv: line 2, column "CO2": got "1,120" beside "18" (line 2, column "Temp °C"), which is 1.120 or 1120; '
        'fix: write thousands: "," into the station file, or decimal: "," if it is a decimal sign'
    )


def test_it_is_read_as_declared(tmp_path: Path) -> None:
    whole = read(tmp_path, thousands(), declared(thousands=","))
    decimal = read(tmp_path, thousands(), declared(decimal=","))
    assert whole.values[0].tolist() == [1120, 18, 700]
    assert decimal.values[0].tolist() == [1.12, 18, 700]


@pytest.mark.parametrize(
    "rows",
    [
        ["1,120;18;700", "1,12;18;700"],  # trailing zeros are cut off: a decimal sign
        ["0,120;18;700"],
        ["1120,125;18;700"],
        ["400;18,125;700", "400;19,250;700"],  # 18125 is no temperature
    ],
)
def test_a_comma_that_can_only_be_a_decimal_sign_is_one(tmp_path: Path, rows: list[str]) -> None:
    table = read(tmp_path, lines(*rows, header=SEMICOLONS))
    assert table.values[0].tolist() == [float(cell.replace(",", ".")) for cell in rows[0].split(";")]


def test_a_point_with_three_digits_behind_it_is_doubted_only_in_many_rows(
    tmp_path: Path,
) -> None:
    rows = [f"1.{120 + i},18,{700 + i}" for i in range(20)]
    assert read(tmp_path, lines(*rows[:10])).values[0, 0] == 1.12
    assert read(tmp_path, lines(*rows[:2] * 50)).values[0, 0] == 1.12
    assert "which is 1.120 or 1120" in refusal(tmp_path, lines(*rows))
    assert read(tmp_path, lines(*rows), declared(decimal=".")).values[0, 0] == 1.12


@pytest.mark.parametrize(
    ("cell", "settings", "value"),
    [
        ("1.234,5", {"thousands": "."}, 1234.5),
        ("1.234.567", {"thousands": ".", "decimal": ","}, 1234567),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1’234,5", {"thousands": "'", "decimal": ","}, 1234.5),
        ("1 234.5", {"thousands": " "}, 1234.5),
        ("1\u00a0234\u202f567,5", {"thousands": " ", "decimal": ","}, 1234567.5),
        ("12,34,567.5", {"thousands": ","}, 1234567.5),
        ("1234.5", {"thousands": ","}, 1234.5),
        ("-1,234.5e2", {"thousands": ","}, -123450),
        ("1234,5", {"decimal": ","}, 1234.5),
    ],
)
def test_declared_marks_are_read(tmp_path: Path, cell: str, settings: dict[str, str], value: float) -> None:
    table = read(tmp_path, lines(f"500\t20\t{cell}", header=HEADER.replace(",", "\t")), declared(**settings))
    assert table.values[0, 2] == value


@pytest.mark.parametrize(("cell", "mark"), [("1.234,5", "."), ("1 234", " "), ("1'234", "'"), ("1,234,567", ",")])
def test_an_undeclared_mark_is_refused_with_the_line_to_write(tmp_path: Path, cell: str, mark: str) -> None:
    text = refusal(tmp_path, lines(f"500\t20\t{cell}", header=HEADER.replace(",", "\t")))
    assert f'write thousands: "{mark}" into the station file' in text


@pytest.mark.parametrize("cell", ["12,34", "1,2345", "1,234,56", "12.34.5"])
def test_a_declared_mark_in_the_wrong_place_is_refused(tmp_path: Path, cell: str) -> None:
    text = refusal(tmp_path, lines(f"500\t20\t{cell}", header=HEADER.replace(",", "\t")), declared(thousands=","))
    assert f'got "{cell}", expected a number' in text


@pytest.mark.parametrize("word", ["n/a", "Unavailable", "ERR", "NaN", "-", "inf", "#N/A", "null"])
def test_the_words_for_missing_are_those_of_messages_and_the_stations_own(tmp_path: Path, word: str) -> None:
    station = declared(missing=("Broken!", -1.0))
    table = read(tmp_path, lines(f"{word},Broken!,-1", "410,20,30000"), station)
    assert [bool(value != value) for value in table.values[0]] == [True, True, True]
    assert table.values[1].tolist() == [410, 20, 30000]
    assert table.dropped == ()


def test_two_decimal_signs_in_one_file_are_refused_with_both_places(tmp_path: Path) -> None:
    assert refusal(tmp_path, lines("420,5;18;700", "421;18.5;700", header=SEMICOLONS)) == (
        'garden.csv: line 2, column "CO2": got "420,5" beside "18.5" (line 3, column "Temp °C"), '
        "expected one decimal sign in a file; write numbers without separators of thousands"
    )


@pytest.mark.parametrize(
    ("cell", "declaration"),
    [
        ("1\u202f420,5", {"thousands": " ", "decimal": ","}),
        ("1'420.5", {"thousands": "'"}),
        ("1\u2019420,5", {"thousands": "'", "decimal": ","}),
        ("1.420,5", {"thousands": "."}),
    ],
)
def test_what_the_refusal_of_a_mark_between_thousands_says_to_write_is_enough(
    tmp_path: Path, cell: str, declaration: dict[str, str]
) -> None:
    content = lines(*(f"{cell};18;{30000 + i}" for i in range(30)), header=HEADER.replace(",", ";"))
    sentence = refusal(tmp_path, content)
    written = " and ".join(f'{name}: "{mark}"' for name, mark in declaration.items())
    assert f"if that is 1420.5, write {written} into the station file" in sentence
    assert sentence.count("\n") == 0
    declared = msgspec.structs.replace(GARDEN, **declaration)
    assert read(tmp_path, content, declared).values[0, 0] == 1420.5


def test_a_decimal_sign_that_is_not_the_declared_one_is_named(tmp_path: Path) -> None:
    content = lines("1 420;18,5;30000", header=HEADER.replace(",", ";"))
    declared = msgspec.structs.replace(GARDEN, thousands=" ")
    assert 'write decimal: "," there' in refusal(tmp_path, content, declared)


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("420.5 ppm", 'without "ppm" behind it'),
        ("18 °C", 'without "°C" behind it'),
        ("Warm-up", 'or write missing: ["Warm-up"] into the station file'),
    ],
)
def test_a_cell_that_is_no_number_is_refused_with_what_to_do(tmp_path: Path, cell: str, part: str) -> None:
    assert part in refusal(tmp_path, lines(*[f"420,{cell},30000"] * 30))
