"""How surely exceedances are too many or too few, against exact tails of Poisson's distribution."""

from __future__ import annotations

import numpy as np
import pytest

from edge.rollout.rate_check import too_few, too_many

scipy_stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize(("readings", "rate"), [(500, 0.005), (2000, 0.01), (40, 0.05), (300_000, 0.004)])
def test_the_limits_are_those_of_the_exact_distribution(readings: int, rate: float) -> None:
    mean = readings * rate
    counts = range(int(mean), int(mean + 12 * mean**0.5 + 12))
    least = next(count for count in counts if too_many(count, readings, rate))
    expected = next(count for count in counts if scipy_stats.poisson.sf(count - 1, mean) < 0.001)
    assert abs(least - expected) <= (1 if mean > 500 else 0)  # a normal distribution stands for many


def test_a_sound_bundle_is_taken_back_less_often_than_once_in_a_thousand() -> None:
    counts = np.random.default_rng(1).binomial(1000, 0.005, 20_000).tolist()
    assert sum(too_many(count, 1000, 0.005) for count in counts) < 20
    assert sum(too_few(count, 1000, 0.005) for count in counts) == 0, "5 are expected, and none may come by chance"


def test_none_at_all_is_too_few_only_where_several_are_due() -> None:
    assert not too_few(0, 1000, 0.005)
    assert too_few(0, 1400, 0.005)
    assert not too_few(7, 1400, 0.005)


def test_where_nothing_may_exceed_one_is_too_many() -> None:
    assert too_many(1, 100, 0.0)
    assert not too_many(0, 100, 0.0)
