"""The transform between readings and white normal scores, and back."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from edge.moisture import magnus
from trainer.data.record import Record
from trainer.generation.normal_scores import COARSE, NormalScoreTransform, fit_normal_scores

RATIO, STEPS = 1, 3  # moisture, and a humidity in tenths


@pytest.fixture(scope="module")
def transform(chamber: Record) -> NormalScoreTransform:
    return fit_normal_scores(chamber.values, chamber.station)


def test_training_rows_become_white(chamber: Record, transform: NormalScoreTransform) -> None:
    white = transform.forward(chamber.values)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(white.T), np.eye(9), atol=1e-6)


def test_rows_come_back_through_the_tables(chamber: Record, transform: NormalScoreTransform) -> None:
    back = transform.inverse(transform.forward(chamber.values))
    middle = (chamber.values > np.quantile(chamber.values, 0.02, axis=0)).all(axis=1)
    middle &= (chamber.values < np.quantile(chamber.values, 0.98, axis=0)).all(axis=1)
    spread = chamber.values.std(axis=0)
    assert middle.mean() > 0.5
    assert (np.abs(back - chamber.values)[middle] / spread).max() < 0.05


def test_a_value_that_many_rows_share_stands_for_the_middle_of_its_knots(chamber: Record) -> None:
    values = chamber.values.copy()
    values[:, 2] = np.where(np.arange(len(values)) % 2, 20.0, values[:, 2])
    values[:, 2] = np.where(np.arange(len(values)) % 4 == 0, 10.0, values[:, 2])
    values[:, 2] = np.where(np.arange(len(values)) % 4 == 2, 30.0, values[:, 2])
    fitted = fit_normal_scores(values, chamber.station)
    scores = fitted.scores(fitted.forward(values))[:, 2]
    assert np.abs(scores[values[:, 2] == 20.0]).max() < 0.01
    for value in (10.0, 30.0):
        assert np.ptp(scores[values[:, 2] == value]) < 1e-9


def test_generated_values_keep_to_the_steps_of_a_coarse_column(transform: NormalScoreTransform) -> None:
    rows = transform.inverse(np.random.default_rng(0).standard_normal((5000, 9)))
    assert STEPS in transform.steps
    assert RATIO not in transform.steps
    for column in range(9):
        distinct = np.unique(rows[:, column])
        if column in transform.steps:
            assert set(distinct) <= set(transform.steps[column])
        else:
            assert len(distinct) > COARSE


def test_a_short_record_has_no_steps_where_no_two_values_agree(chamber: Record) -> None:
    few = fit_normal_scores(chamber.values[::10], chamber.station)
    assert 4 not in few.steps


def test_generated_moisture_is_what_temperature_and_humidity_allow(
    chamber: Record, transform: NormalScoreTransform
) -> None:
    def ratio(rows: np.ndarray) -> np.ndarray:
        return np.log(rows[:, 1] / magnus(rows[:, 2], rows[:, 3]))

    real = ratio(chamber.values)
    rows = transform.inverse(np.random.default_rng(0).standard_normal((5000, 9)) * 1.5)
    inside = (rows[:, 1] > transform.low[1]) & (rows[:, 1] < transform.high[1])
    assert inside.mean() > 0.5
    assert ratio(rows[inside]).min() >= real.min() - 1e-4
    assert ratio(rows[inside]).max() <= real.max() + 1e-4


def test_without_a_declared_ratio_moisture_is_a_column_like_any_other(chamber: Record) -> None:
    fitted = fit_normal_scores(chamber.values, replace(chamber.station, ratio=None))
    assert fitted.ratio is None
    assert fitted.knots[1, -1] == chamber.values[:, 1].max()


def test_rows_keep_to_the_trained_range_whatever_is_decoded(chamber: Record, transform: NormalScoreTransform) -> None:
    rows = transform.inverse(np.random.default_rng(0).standard_normal((1000, 9)) * 50)
    assert (rows >= chamber.values.min(axis=0)).all()
    assert (rows <= chamber.values.max(axis=0)).all()


def test_calibration_gives_distorted_scores_the_distributions_of_the_training(
    chamber: Record, transform: NormalScoreTransform
) -> None:
    rng = np.random.default_rng(0)
    scores = np.sinh(rng.standard_normal((100_000, 9))) * 0.5 + 0.3

    def furthest(rows: np.ndarray) -> float:
        quantiles = [np.quantile(x[:, 0], np.linspace(0.02, 0.98, 49)) for x in (rows, chamber.values)]
        ranks = [np.searchsorted(np.sort(chamber.values[:, 0]), q) / len(chamber.values) for q in quantiles]
        return float(np.abs(ranks[0] - ranks[1]).max())

    assert furthest(transform.readings(scores)) > 0.1
    assert furthest(transform.calibrated(scores).readings(scores)) < 0.01


def test_its_arrays_are_all_of_it(chamber: Record, transform: NormalScoreTransform) -> None:
    again = NormalScoreTransform.from_arrays(chamber.station, transform.arrays())
    assert again.steps.keys() == transform.steps.keys()
    white = np.random.default_rng(0).standard_normal((100, 9))
    np.testing.assert_array_equal(again.inverse(white), transform.inverse(white))
    np.testing.assert_array_equal(again.forward(chamber.values), transform.forward(chamber.values))
