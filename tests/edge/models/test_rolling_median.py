"""Rolling medians are exact, and are there once enough rows were seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.models.rolling_median import RollingMedian


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.booleans())
@settings(max_examples=40)
def test_the_medians_are_those_of_the_last_rows(seed: int, window: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 4, (2 * window + 5, 3)).astype(float) if ties else rng.standard_normal((2 * window + 5, 3))
    medians = RollingMedian(3, window, least=1)
    assert medians.values() is None
    for i, row in enumerate(rows, 1):
        medians.push(row.tolist())
        assert medians.values() == pytest.approx(np.median(rows[max(0, i - window) : i], axis=0), abs=1e-6)
    assert medians.full
    assert len(medians) == window


def test_there_is_no_median_before_enough_rows_nor_after_they_are_forgotten() -> None:
    medians = RollingMedian(1, 240, least=20)
    for _ in range(19):
        medians.push([1.0])
    assert medians.values() is None
    medians.push([1.0])
    assert medians.values() == [1.0]
    medians.clear()
    assert medians.values() is None
    assert len(medians) == 0


@given(st.integers(1, 40), st.integers(0, 100))
def test_the_rows_in_the_window_are_there_in_the_order_in_which_they_came(window: int, count: int) -> None:
    rows = np.random.default_rng(count).integers(0, 9, (count, 2)).astype(float)
    medians = RollingMedian(2, window)
    for row in rows.tolist():
        medians.push(row)
    assert medians.rows().tolist() == rows[max(0, count - window) :].tolist()
