from __future__ import annotations

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.board import CHANNELS, SENSORS, Board, shared_noise

AIR = np.tile([2000.0, 12000.0, 20.0, 50.0], (4000, 1))
QUIET = np.zeros((4000, len(SENSORS)))


def test_channels_are_those_of_the_methane_station() -> None:
    assert load_station(METHANE).keys == CHANNELS


def test_in_the_reference_air_each_sensor_has_its_own_resistance() -> None:
    for number in (1, 2, 3):
        board = Board(number)
        median = np.median(board.resistances(AIR, QUIET, (0,)), axis=0)
        np.testing.assert_allclose(np.log(median), [board.response[s].a for s in SENSORS], atol=0.02)


def test_methane_lowers_resistance_by_its_power_law_and_leaves_the_tgs2600_alone() -> None:
    board = Board(1)
    clean = board.resistances(AIR, QUIET, (0,))
    doubled = board.resistances(AIR * [2, 1, 1, 1], QUIET, (0,))
    exponents = np.log(doubled / clean)[0] / np.log(2)
    np.testing.assert_allclose(exponents, [board.response[s].b for s in SENSORS])
    assert (exponents < 0).all()
    assert abs(exponents[SENSORS.index("r2600_ohm")]) < 0.01 < abs(exponents[SENSORS.index("rmq4_ohm")])


def test_the_third_board_repeats_the_first_ones_tgs2600_and_nothing_else() -> None:
    first, third = (Board(n).resistances(AIR, QUIET, (3,)) for n in (1, 3))
    assert [bool((first[:, i] == third[:, i]).all()) for i in range(5)] == [s == "r2600_ohm" for s in SENSORS]


def test_the_third_boards_mq4_is_the_mean_of_two_samples_of_a_10_mv_converter() -> None:
    ohms = Board(3).resistances(AIR, QUIET, (1,))[:, SENSORS.index("rmq4_ohm")]
    grid = 10_000 * (5 / (np.arange(1, 500) * 0.01) - 1)
    pairs = np.concatenate([grid, (grid[1:] + grid[:-1]) / 2, (grid[2:] + grid[:-2]) / 2])
    assert np.abs(ohms[:, None] - pairs).min(axis=1).max() < 1e-6
    assert 0.5 < np.isclose(ohms[:, None], grid, atol=1e-6, rtol=0).any(axis=1).mean() < 1.0


def test_shared_noise_is_slow_and_fast_at_once() -> None:
    x = shared_noise(np.random.default_rng(0), 20_000)
    assert x.shape == (20_000, 5)
    assert (np.abs(x.mean(0)) < 0.05).all()
    lag = [[np.corrcoef(x[:-k, i], x[k:, i])[0, 1] for i in range(5)] for k in (1, 60)]
    assert min(lag[0]) > 0.9
    assert max(lag[1]) < 0.9
    assert min(lag[1]) > 0.3


def test_there_is_no_fourth_board() -> None:
    with pytest.raises(ValueError, match="got 4, expected 1, 2 or 3"):
        Board(4)
