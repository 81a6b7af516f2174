"""Gaps are found in a record and in a stream by the same rule."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.readings.gaps import is_gap, median_interval, split_at_gaps

times = st.lists(st.integers(0, 2000), min_size=1, max_size=40)


@given(times, st.integers(1, 100))
def test_the_vector_form_cuts_exactly_where_the_scalar_form_says_so(stamps: list[int], cadence: int) -> None:
    time = np.array(stamps, dtype=np.float64)
    cuts = [0, *(i for i in range(1, len(time)) if is_gap(time[i - 1], time[i], cadence)), len(time)]

    assert split_at_gaps(time, cadence) == list(itertools.pairwise(cuts))


def test_three_cadences_are_no_gap_and_a_little_more_is() -> None:
    assert not is_gap(0.0, 180.0, 60.0)
    assert is_gap(0.0, 180.01, 60.0)


def test_time_that_goes_back_is_a_gap_and_time_that_stands_still_is_none() -> None:
    assert is_gap(60.0, 59.0, 60.0)
    assert not is_gap(60.0, 60.0, 60.0)


def test_a_cadence_that_is_not_given_is_the_median_interval() -> None:
    time = np.array([0, 10, 20, 30, 61, 71], dtype=np.float64)

    assert median_interval(time) == 10.0
    assert split_at_gaps(time, None) == [(0, 4), (4, 6)]


def test_ten_readings_stamped_to_the_same_second_do_not_make_every_second_a_gap() -> None:
    time = np.repeat(np.arange(5.0), 10)

    assert split_at_gaps(time, None) == [(0, 50)]


def test_no_rows_have_no_segments_and_one_row_has_one() -> None:
    assert split_at_gaps(np.array([]), 60.0) == []
    assert split_at_gaps(np.array([5.0]), None) == [(0, 1)]
    assert median_interval(np.array([5.0])) is None
