"""Calibration: the p-value table, and errors of rows that the network had not seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from msgspec.structs import replace

from config.training import Training
from edge.manifest import Network
from edge.pvalue import PValueTable
from edge.verdict import SCORE_CAP
from trainer.calibrate import Calibration, calibrate, p_value_table
from trainer.record import Record
from trainer.splits import Split, blocked

SETTINGS = replace(Training.quick(), chunks=3)
AE = Network(kind="ae", hidden=SETTINGS.hidden, latent=SETTINGS.latent, loss="mse", beta=0.0)


def exponential(rng, count):
    return rng.exponential(size=count)


def lognormal(rng, count):
    return np.exp(rng.standard_normal(count) - 6)


def heavy(rng, count):
    return rng.pareto(3, count)


@pytest.mark.parametrize("draw", [exponential, lognormal, heavy])
@pytest.mark.parametrize("count", [10, 60, 500, 12_000])
def test_knots_rise_and_end_at_the_cap(draw, count):
    error, score = p_value_table(draw(np.random.default_rng(0), count))
    assert (np.diff(error) > 0).all()
    assert (np.diff(score) >= 0).all()
    assert score[0] >= 0
    assert score[-1] == SCORE_CAP
    assert len(error) <= 400
    PValueTable(error, score)  # what the gateway demands of a table


@pytest.mark.parametrize("draw", [exponential, lognormal, heavy])
@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 0.001])
def test_requested_rates_are_realised_on_new_draws(draw, rate):
    table = PValueTable(*p_value_table(draw(np.random.default_rng(1), 12_000)))
    fresh = draw(np.random.default_rng(2), 400_000)
    assert np.mean(table.score(fresh) >= -np.log10(rate)) == pytest.approx(rate, rel=0.35)


def test_an_error_larger_than_all_is_rarer_than_all_but_not_impossible():
    errors = exponential(np.random.default_rng(3), 5000)
    table = PValueTable(*p_value_table(errors))
    largest = table.score(errors.max())
    assert 3 < largest < 5
    assert largest < table.score(1.5 * errors.max()) < SCORE_CAP


def test_equal_errors_get_the_p_value_of_all_of_them():
    table = PValueTable(*p_value_table(np.repeat([1.0, 2.0, 3.0], 1000)))
    assert 10 ** -table.score(2.0) == pytest.approx(2 / 3, abs=0.01)


@pytest.fixture(scope="module")
def calibrated(chamber: Record) -> tuple[Split, Calibration]:
    split = blocked(chamber)
    return split, calibrate(chamber, split, AE, SETTINGS)


def test_every_fold_has_weights_of_its_own(calibrated):
    weights = calibrated[1].weights
    assert len(weights) == 3
    first = [one["encoder.0.weight"] for one in weights]
    assert not np.allclose(first[0], first[1])
    assert not np.allclose(first[1], first[2])


def test_the_table_is_made_of_all_training_and_validation_rows_that_are_undisturbed(calibrated):
    split, calibration = calibrated
    assert calibration.rows + calibration.disturbed == len(split.train) + len(split.validation)
    assert calibration.disturbed < 0.2 * calibration.rows


def test_test_rows_have_no_part_in_it(chamber, calibrated):
    split, calibration = calibrated
    values = chamber.values.copy()
    values[split.test] *= 1.5
    again = calibrate(replace_values(chamber, values), split, AE, SETTINGS)
    np.testing.assert_array_equal(again.error, calibration.error)


def test_a_disturbed_stretch_does_not_put_thresholds_out_of_reach(chamber, calibrated):
    split, calibration = calibrated
    values = chamber.values.copy()
    stretch = split.train[200:260]
    values[stretch, 4] *= np.linspace(5, 20, len(stretch))  # nothing like it anywhere else
    disturbed = calibrate(replace_values(chamber, values), split, AE, SETTINGS)
    assert disturbed.disturbed >= 60
    threshold, before = (np.interp(3, one.score, one.error) for one in (disturbed, calibration))
    assert threshold < 3 * before


def test_progress_counts_the_folds(chamber):
    stream = io.StringIO()
    calibrate(chamber, blocked(chamber), AE, replace(SETTINGS, epochs=1), progress=stream)
    assert "calibration 1/3" in stream.getvalue()
    assert "calibration 3/3" in stream.getvalue()


def replace_values(record: Record, values) -> Record:
    return Record.from_values(values, record.station)
