"""fit_scaler: what it learns, from which rows, and what it refuses."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from trainer.data.scaler import fit_scaler
from trainer.errors import TrainingError

STATION = load_station(METHANE)
ROWS = simulate_chamber(500, seed=3)
LOG = [feature.scale == "log" for feature in STATION.features]


@pytest.mark.parametrize("kind", ["log", "standard"])
def test_training_rows_become_standard(kind: Literal["log", "standard"]) -> None:
    scaled = fit_scaler(ROWS, STATION, kind).forward(ROWS)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_log_takes_the_logarithm_of_the_columns_that_ask_for_it() -> None:
    scaler = fit_scaler(ROWS, STATION, "log")
    assert list(scaler.is_log) == LOG
    assert any(LOG)
    np.testing.assert_allclose(np.array(scaler.mean)[LOG], np.log(ROWS[:, LOG]).mean(axis=0))
    np.testing.assert_allclose(np.array(scaler.floor)[LOG], 1e-3 * np.median(ROWS[:, LOG], axis=0))


def test_standard_takes_no_logarithm() -> None:
    scaler = fit_scaler(ROWS, STATION, "standard")
    assert not any(scaler.is_log)
    np.testing.assert_allclose(scaler.mean, ROWS.mean(axis=0))
    np.testing.assert_allclose(scaler.std, ROWS.std(axis=0))


@pytest.mark.parametrize("kind", ["log", "standard"])
@given(seed=st.integers(0, 2**32 - 1))
def test_inverse_brings_readings_back(kind: Literal["log", "standard"], seed: int) -> None:
    scaler = fit_scaler(ROWS, STATION, kind)
    rows = ROWS[:5] * np.random.default_rng(seed).uniform(0.5, 2, (5, 9))
    np.testing.assert_allclose(scaler.inverse(scaler.forward(rows)), rows, rtol=1e-9)


@pytest.mark.parametrize("kind", ["log", "standard"])
def test_held_cells_belong_to_no_statistic(kind: Literal["log", "standard"]) -> None:
    held = np.random.default_rng(0).random(ROWS.shape) < 0.1
    wild = np.where(held, 1e9, ROWS)
    scaler = fit_scaler(wild, STATION, kind, held)
    for column in range(9):
        measured = ROWS[~held[:, column]]
        alone = fit_scaler(measured, STATION, kind)
        for ours, theirs in ((scaler.floor, alone.floor), (scaler.mean, alone.mean), (scaler.std, alone.std)):
            assert ours[column] == pytest.approx(theirs[column])


@pytest.mark.parametrize("value", [0.3, 4711.1, 1e-9])
def test_a_constant_column_is_named_with_the_fix(value: float) -> None:
    rows = ROWS.copy()
    rows[:, 6] = value
    with pytest.raises(TrainingError, match=rf"^{STATION.names[6]}: got the same value .* fix: remove it"):
        fit_scaler(rows, STATION, "log")


def test_all_constant_columns_are_named_in_one_line() -> None:
    rows = ROWS.copy()
    rows[:, 3] = rows[:, 8] = 1.0
    with pytest.raises(TrainingError) as refusal:
        fit_scaler(rows, STATION, "standard")
    assert str(refusal.value).startswith(f"{STATION.names[3]}, {STATION.names[8]}: ")
    assert "\n" not in str(refusal.value)


def test_a_log_column_that_is_mostly_zero_is_refused() -> None:
    rows = ROWS.copy()
    rows[:400, 0] = 0
    with pytest.raises(TrainingError, match=r"expected a positive one .* scale: linear"):
        fit_scaler(rows, STATION, "log")
    linear = (replace(STATION.features[0], scale="linear"), *STATION.features[1:])
    assert fit_scaler(rows, replace(STATION, features=linear), "log").std[0] > 0


def test_a_spread_below_double_precision_is_no_constant_and_has_its_own_fix() -> None:
    rows = ROWS.copy()
    rows[:, 3] = 1e11 + 1e-2 * np.arange(len(rows)) / len(rows)
    with pytest.raises(
        TrainingError, match=rf"^{STATION.names[3]}: got values that vary by .* fix: subtract an offset"
    ):
        fit_scaler(rows, STATION, "log")


def test_a_logarithm_that_hardly_moves_is_left_out() -> None:
    rows = ROWS.copy()
    gas = STATION.gas_index
    assert gas is not None
    rows[:, gas] = 1e9 + np.arange(len(rows))
    scaler = fit_scaler(rows, STATION, "log")
    assert scaler.scale[gas] == "linear"
    np.testing.assert_allclose(scaler.forward(rows)[:, gas].std(), 1)
