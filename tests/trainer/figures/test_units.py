"""Units, shares and counts are written as people write them."""

from __future__ import annotations

import pytest

from trainer.figures.units import every, percent, quantity, unit


def test_units_are_written_as_people_do() -> None:
    assert [unit(code) for code in ("[ppb]", "Cel", "Ohm", "1", "Pa")] == ["ppb", "°C", "Ω", "", "Pa"]
    assert quantity("temperature_c", "Cel") == "temperature_c [°C]"
    assert quantity("z1", "1") == "z1"


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "every row"), (2, "every 2nd row"), (11, "every 11th row"), (23, "every 23rd row")]
)
def test_distances_of_rows_are_ordinal_numbers(count: int, expected: str) -> None:
    assert every(count) == expected


def test_a_percentage_stays_on_one_line() -> None:
    assert percent(0.1234, 1) == "12.3\N{NO-BREAK SPACE}%"
