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


@given(st.integers(2, 30), st.sampled_from([1, 2, 4, 8]), st.integers(0, 400))
@settings(max_examples=60)
def test_a_thinned_window_reaches_as_many_times_further_back_as_its_stride(
    window: int, stride: int, count: int
) -> None:
    medians = RollingMedian(1, window, stride=stride)
    for i in range(count):
        medians.push([float(i)])
    kept = medians.rows()[:, 0]
    assert len(kept) == len(medians) <= window
    assert np.all(np.diff(kept) > 0)
    if medians.full:
        assert count > stride * (window - 1)
        assert kept[-1] > count - 1 - stride
    if count >= 3 * stride * window:  # the last rows of the thinning before have left
        assert medians.full
        assert np.diff(kept).tolist() == [stride] * (window - 1)
    elif count:
        assert kept[-1] - kept[0] >= min(count, window) // 2 - stride


@given(st.integers(2, 30), st.sampled_from([1, 2, 8]), st.integers(0, 200), st.integers(1, 100))
@settings(max_examples=40)
def test_a_restored_window_goes_on_as_the_other_would_have(window: int, stride: int, count: int, more: int) -> None:
    rows = np.random.default_rng(count).standard_normal((count + more, 2)).tolist()
    one, other = RollingMedian(2, window, stride=stride), RollingMedian(2, window, stride=stride)
    other.push([7.0, 7.0])
    for row in rows[:count]:
        one.push(row)
    other.restore(*one.snapshot())
    for row in rows[count:]:
        one.push(row)
        other.push(row)
        assert one.values() == other.values()


def test_a_snapshot_of_another_window_is_refused() -> None:
    one, other = RollingMedian(1, 10), RollingMedian(1, 5)
    for i in range(10):
        one.push([float(i)])
    with pytest.raises(ValueError, match="another"):
        other.restore(*one.snapshot())
