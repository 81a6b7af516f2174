"""The share of rows that exceed a threshold of a p-value table is the requested one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge.arrays import Floats
from edge.models.pvalue import SCORE_CAP
from trainer.errors import TrainingError
from trainer.scoring.p_values import p_value_table

Draw = Callable[[np.random.Generator, int], Floats]


def exponential(rng: np.random.Generator, count: int) -> Floats:
    return rng.exponential(size=count)


def lognormal(rng: np.random.Generator, count: int) -> Floats:
    return np.exp(rng.standard_normal(count) - 6)


def heavy(rng: np.random.Generator, count: int) -> Floats:
    return rng.pareto(3, count)


@pytest.mark.parametrize("draw", [exponential, lognormal, heavy])
@pytest.mark.parametrize("count", [10, 60, 500, 12_000])
def test_knots_rise_and_end_at_the_cap(draw: Draw, count: int) -> None:
    error, score = p_value_table(draw(np.random.default_rng(0), count)).knots
    assert (np.diff(error) > 0).all()
    assert (np.diff(score) >= 0).all()
    assert score[0] >= 0
    assert score[-1] == SCORE_CAP
    assert len(error) <= 161
    assert (error == error.astype(np.float32)).all()  # as it is stored


@pytest.mark.parametrize("draw", [exponential, lognormal, heavy])
@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 0.001])
def test_requested_rates_are_realised_on_new_draws(draw: Draw, rate: float) -> None:
    table = p_value_table(draw(np.random.default_rng(1), 12_000))
    fresh = draw(np.random.default_rng(2), 400_000)
    assert np.mean(table.score(fresh) >= -np.log10(rate)) == pytest.approx(rate, rel=0.35)


def test_an_error_larger_than_all_is_rarer_than_all_but_not_impossible() -> None:
    errors = exponential(np.random.default_rng(3), 5000)
    table = p_value_table(errors)
    largest = table.score(errors.max())
    assert 3 < largest < 5
    assert largest < table.score(1.5 * errors.max()) < SCORE_CAP


def test_equal_errors_get_the_p_value_of_all_of_them() -> None:
    table = p_value_table(np.repeat([1.0, 2.0, 3.0], 1000))
    assert 10 ** -table.score(2.0) == pytest.approx(2 / 3, abs=0.01)


def test_scores_that_are_missing_are_left_out() -> None:
    scores = exponential(np.random.default_rng(4), 1000)
    with_gaps = np.insert(scores, [0, 500, 1000], np.nan)
    np.testing.assert_array_equal(p_value_table(with_gaps).knots, p_value_table(scores).knots)
    with pytest.raises(TrainingError, match="got 1 rows with a score, expected at least 2"):
        p_value_table(np.array([1.0, np.nan]))


def test_what_exceeds_a_constant_was_never_seen() -> None:
    table = p_value_table(np.full(999, 2.0))
    assert table.score(2.0) == 0
    assert table.score(2.1) == pytest.approx(3)


def test_a_few_disturbed_rows_do_not_put_thresholds_out_of_reach() -> None:
    rng = np.random.default_rng(5)
    clean = exponential(rng, 4000)
    door = np.append(clean, [30.0, 40.0, 50.0, 60.0])
    threshold = np.interp(3, *p_value_table(clean).knots[::-1])
    steady = np.interp(3, *p_value_table(door, disturbed=True).knots[::-1])
    pulled = np.interp(3, *p_value_table(door).knots[::-1])
    assert steady == pytest.approx(threshold, rel=0.15)
    assert pulled > 1.5 * threshold
