"""Columns that are empty or repeat their value at a regular pace are named in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import Floats
from edge.readings.csv.table import CsvTable
from trainer.data.symptoms import symptoms

VALUES = np.cumsum(np.random.default_rng(5).normal(size=(400, 3)), axis=0)


def found(values: Floats) -> list[str]:
    return symptoms(CsvTable("x.csv", ("CO2", "Temp", "Heater"), values, None, np.arange(len(values)) + 2))


@pytest.mark.parametrize(
    ("pace", "words"), [(2, "every second row"), (3, "every third row"), (10, "every 10th row"), (22, "every 22nd row")]
)
def test_rows_that_lack_a_column_at_a_pace_are_named(pace: int, words: str) -> None:
    values = VALUES.copy()
    values[::pace, 0] = np.nan
    (sentence,) = found(values)
    assert sentence.startswith(f'{words} lacks "CO2"; only complete rows are learnt from; fix: record the columns')


def test_a_column_that_only_every_30th_row_has_is_named() -> None:
    values = VALUES.copy()
    values[np.arange(400) % 30 > 0, 1:] = np.nan
    (sentence,) = found(values)
    assert sentence.startswith('only every 30th row has "Temp", "Heater"')


def test_columns_on_alternate_rows_are_named_together() -> None:
    values = VALUES.copy()
    values[::2, 0] = values[1::2, 1:] = np.nan
    (sentence,) = found(values)
    assert sentence.startswith('every second row lacks "CO2", "Temp", "Heater"')


def test_a_column_that_refreshes_slowly_is_named() -> None:
    values = VALUES.copy()
    values[:, 1] = values[np.arange(400) // 21 * 21, 1]
    assert found(values) == ['"Temp" only changes every 21st row, and repeats its value in between']


@pytest.mark.parametrize("kind", ["whole", "random holes", "a long hole", "rounded", "constant"])
def test_ordinary_columns_are_not(kind: str) -> None:
    values = VALUES.copy()
    if kind == "random holes":
        values[np.random.default_rng(1).random(400) < 0.2, 0] = np.nan
    elif kind == "a long hole":
        values[100:300, 0] = np.nan
    elif kind == "rounded":
        values[:, 1] = np.round(values[:, 1] / 3)
    elif kind == "constant":
        values[:, 1] = 20.0
    assert found(values) == []
