"""Synthetic values have the digits that their column needs, and those that it has."""

from __future__ import annotations

import numpy as np
import pytest

from edge.models.column_digits import ColumnDigits, shorten_rows, shortest_text


@pytest.mark.parametrize(
    ("digits", "value", "text"),
    [
        (ColumnDigits(least=3, most=1), 101_325.123456, "101325.1"),
        (ColumnDigits(least=4, most=None), 1e9 + 0.123456789, "1000000000.1235"),
        (ColumnDigits(least=-2, most=5), 71_128.12345, "71128.1"),
        (ColumnDigits(least=3, most=None), 0.000012345678, "1.23457e-05"),
        (ColumnDigits(least=0, most=0), 99_999_999.6, "100000000"),
        (ColumnDigits(least=12, most=None), 3.00000000123456789, "3.000000001235"),
        (ColumnDigits(least=2, most=2), -0.001, "0"),
    ],
)
def test_a_number_is_as_short_as_its_column_allows(digits: ColumnDigits, value: float, text: str) -> None:
    assert shortest_text(digits.shorten(value)) == text


def test_a_step_keeps_all_its_digits() -> None:
    rows = np.array([[71_128.12345, 1 / 3], [80_641.14909, 2 / 3]])
    assert shorten_rows(rows, [None, ColumnDigits(least=2, most=3)]) == [[71_128.12345, 0.333], [80_641.14909, 0.667]]


def test_a_bundle_that_does_not_know_its_columns_digits_writes_six() -> None:
    assert shorten_rows(np.array([[71_128.12345, -0.0]]), ()) == [[71_128.1, 0.0]]
