"""Rounding by powers of two: coarse for the last bits, fine for the parity gate."""

from __future__ import annotations

import numpy as np
import pytest

from edge.bundles.golden import TOLERANCE, difference, root_difference
from edge.models.scaler import Scaler
from export.rounding import COARSE, FINE, rounded, rounded_readings, rounded_squares

VALUES = np.random.default_rng(0).standard_normal(20_000) * np.geomspace(1e-6, 1e6, 20_000)


@pytest.mark.parametrize("step", [COARSE, FINE])
def test_no_value_moves_by_more_than_half_a_step_relative_to_itself_above_1(step: float) -> None:
    assert 0.4 * step < difference(rounded(VALUES, step), VALUES) <= 0.5 * step


def test_the_fine_step_takes_a_twentieth_of_the_parity_tolerance() -> None:
    assert 0.5 * FINE < 0.05 * TOLERANCE


@pytest.mark.parametrize("step", [COARSE, FINE])
def test_what_is_rounded_stays_as_it_is_and_survives_single_precision(step: float) -> None:
    once = rounded(VALUES, step)
    np.testing.assert_array_equal(rounded(once, step), once)
    np.testing.assert_array_equal(once.astype(np.float32), once)


def test_the_last_bits_of_a_value_do_not_survive() -> None:
    noisy = VALUES * (1 + 4e-16 * np.random.default_rng(1).standard_normal(len(VALUES)))
    assert (noisy != VALUES).mean() > 0.5
    np.testing.assert_array_equal(rounded(noisy, FINE), rounded(VALUES, FINE))


def test_steps_meet_where_they_double() -> None:
    powers = 2.0 ** np.arange(-5, 6)
    for beside in (np.nextafter(powers, 0), powers, np.nextafter(powers, np.inf)):
        np.testing.assert_array_equal(rounded(beside, COARSE), powers)


def test_what_is_no_number_stays_none() -> None:
    np.testing.assert_array_equal(rounded([np.nan, np.inf, -np.inf, 0.0], FINE), [np.nan, np.inf, -np.inf, 0.0])


@pytest.mark.parametrize("gain", [1.0, 3.7, 800.0])
def test_whitened_squares_move_as_little_as_the_parity_gate_sees_it(gain: float) -> None:
    squares = np.square(VALUES)
    found = rounded_squares(squares, gain, FINE)
    assert 0 < root_difference(found, squares, gain) <= 0.5 * FINE
    noisy = np.square(VALUES + 1e-15 * gain)
    np.testing.assert_array_equal(rounded_squares(noisy, gain, FINE), found)


def test_readings_move_by_half_a_step_of_the_scaled_space_at_most() -> None:
    scaler = Scaler(
        scale=("log", "linear", "log"), floor=(0.01, 0.0, 5.0), mean=(3.0, 1013.0, 9.0), std=(0.5, 5.0, 0.05)
    )
    readings = scaler.inverse(2 * np.random.default_rng(0).standard_normal((2000, 3)))
    found = rounded_readings(readings, scaler, FINE)
    assert np.abs(scaler.forward(found) - scaler.forward(readings)).max() <= 0.51 * FINE
    np.testing.assert_array_equal(rounded_readings(readings * (1 + 2e-16), scaler, FINE), found)
