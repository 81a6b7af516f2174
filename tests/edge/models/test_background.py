"""The background is the low quantile of the last levels, in little memory."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.models.background import Background
from edge.models.windows import BACKGROUND_WINDOW


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(0, 1))
@settings(max_examples=60)
def test_it_is_the_quantile_of_the_last_levels(seed: int, window: int, quantile: float) -> None:
    levels = np.random.default_rng(seed).lognormal(8, 0.5, 3 * window)
    background = Background(window, quantile)
    assert math.isnan(background.value)
    for i, level in enumerate(levels.tolist(), 1):
        background.push(level)
        expected = np.exp(np.quantile(np.log(levels[max(0, i - window) : i]), quantile))
        assert background.value == pytest.approx(expected, rel=3e-4)
    assert background.full


def test_a_plume_does_not_lift_it() -> None:
    background = Background()
    for _ in range(BACKGROUND_WINDOW - 300):
        background.push(2000.0)
    for _ in range(300):
        background.push(9000.0)
    assert background.value == pytest.approx(2000, rel=2e-4)


def test_levels_outside_the_grid_count_as_its_ends() -> None:
    background = Background(window=3, quantile=0.0, least=2.0)
    background.push(-1.0)
    assert background.value == pytest.approx(2.0)
    background.clear()
    background.push(1e12)
    assert background.value == pytest.approx(2.0 * math.exp(65535 * 2e-4))


def test_the_grid_begins_at_the_least_level() -> None:
    background = Background(window=1, least=0.01)
    background.push_log(math.log(0.4))
    assert background.value == pytest.approx(0.4, rel=2e-4)


def test_it_is_small() -> None:
    background = Background()
    for i in range(BACKGROUND_WINDOW):
        background.push(2000.0 + i)
    assert sum(sys.getsizeof(part) for part in (background._ring, background._lowest)) < 4500


def test_a_thinned_background_is_the_quantile_of_a_longer_time() -> None:
    levels = np.random.default_rng(1).lognormal(8, 0.5, 20_000)
    background = Background(400, stride=16)
    for count, level in enumerate(levels[:6000].tolist(), 1):
        assert background.full == (count > 16 * 399 + 1)
        background.push(level)
    for level in levels[6000:].tolist():
        background.push(level)
    assert background.full
    assert len(background) == 400
    assert background.value == pytest.approx(np.quantile(levels[-6400:], 0.1), rel=0.1)


@given(st.integers(2, 30), st.sampled_from([1, 2, 8]), st.integers(0, 200))
@settings(max_examples=40)
def test_a_restored_background_goes_on_as_the_other_would_have(window: int, stride: int, count: int) -> None:
    levels = np.random.default_rng(count).lognormal(8, 0.5, count + 100).tolist()
    one, other = Background(window, stride=stride), Background(window, stride=stride)
    for level in levels[:count]:
        one.push(level)
    other.restore(*one.snapshot())
    for level in levels[count:]:
        one.push(level)
        other.push(level)
        assert (one.value, one.full) == (other.value, other.full)


@pytest.mark.parametrize("trend", [-3.0, -0.2, 0.0, 0.2, 3.0])
def test_levels_that_rise_or_fall_for_long_are_followed(trend: float) -> None:
    levels = 3000 + trend * np.arange(900) + np.random.default_rng(4).normal(0, 40, 900)
    background = Background(window=200)
    for i, level in enumerate(levels.tolist(), 1):
        background.push(level)
        expected = np.quantile(levels[max(0, i - 200) : i], 0.1)
        assert background.value == pytest.approx(expected, rel=3e-4)
        assert len(background._lowest) <= 2 * background._fewest
