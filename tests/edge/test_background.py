"""The running quantile is numpy's quantile of the window, at every step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.background import RunningQuantile


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0]), min_size=1, max_size=60),
    st.integers(1, 20),
    st.floats(0, 1),
)
def test_it_equals_numpys_quantile_of_the_last_values(values: list[float], window: int, quantile: float) -> None:
    running = RunningQuantile(window, quantile)
    for i, value in enumerate(values):
        running.push(value)
        seen = values[max(0, i + 1 - window) : i + 1]
        assert running.value == pytest.approx(np.quantile(seen, quantile), rel=1e-12, abs=1e-9)
        assert len(running) == len(seen)
        assert running.full == (i + 1 >= window)


def test_it_is_nan_before_the_first_value_and_after_it_forgot() -> None:
    running = RunningQuantile(2, 0.5)
    assert math.isnan(running.value)
    running.push(1.0)
    running.clear()
    assert math.isnan(running.value)
    assert not running.full
    running.push(5.0)
    assert running.value == 5.0
