from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.readings.csv.reader import read_table
from edge.simulation.simulator import ROWS, chamber_blocks, simulate_chamber

BOARDS = (1, 2, 3)


def kolmogorov_smirnov(a: Floats, b: Floats) -> Floats:
    """Two-sample distance of each column."""
    distances = []
    for x, y in zip(np.sort(a.T), np.sort(b.T), strict=True):
        both = np.concatenate([x, y])
        steps = np.searchsorted(x, both, "right") / len(x) - np.searchsorted(y, both, "right") / len(y)
        distances.append(np.abs(steps).max())
    return np.array(distances)


def correlation_difference(a: Floats, b: Floats) -> float:
    pairs = np.triu_indices(a.shape[1], 1)
    return float(np.abs(np.corrcoef(a.T) - np.corrcoef(b.T))[pairs].mean())


def onsets(methane: Floats) -> int:
    """How often methane rises by more than 4 ppm within three rows."""
    steep = methane[3:] - methane[:-3] > 4000
    return int(np.sum(steep[1:] & ~steep[:-1]))


@pytest.mark.parametrize("board", BOARDS)
def test_it_is_close_to_the_real_record(board: int, record_folder: Path) -> None:
    real = read_table(record_folder / f"station-{board}.csv", load_station(METHANE)).values
    simulated = simulate_chamber(len(real), seed=2, board=board)
    assert kolmogorov_smirnov(simulated, real).mean() <= 0.07
    assert correlation_difference(simulated, real) <= 0.03


@pytest.mark.parametrize("board", BOARDS)
def test_a_shorter_run_is_the_same_protocol_in_fast_motion(board: int) -> None:
    long, short = simulate_chamber(seed=3, board=board), simulate_chamber(3000, seed=4, board=board)
    assert kolmogorov_smirnov(long, short).mean() <= 0.1
    assert correlation_difference(long, short) <= 0.06
    assert onsets(short[:, 0]) >= 8
    plateaus = [t for t in (9.4, 14.3, 19.6, 24.2, 28.8) if np.sum(np.abs(short[:, 2] - t) < 1) > 150]
    assert len(plateaus) == 5


def test_another_seed_is_another_run_of_the_same_chamber() -> None:
    one, other = simulate_chamber(seed=0), simulate_chamber(seed=1)
    assert not (one[:, 4:] == other[:, 4:]).any()
    assert kolmogorov_smirnov(one, other).mean() <= 0.09


@pytest.mark.parametrize("rows", [1, 7, 500, ROWS, ROWS + 1000])
def test_it_has_the_rows_asked_for_and_the_same_seed_repeats_them(rows: int) -> None:
    values = simulate_chamber(rows, seed=11, board=2)
    assert values.shape == (rows, 9)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, simulate_chamber(rows, seed=11, board=2))


@pytest.mark.parametrize("board", BOARDS)
def test_every_value_is_physically_possible_and_inside_the_records_domain(board: int) -> None:
    values = np.concatenate([simulate_chamber(seed=seed, board=board) for seed in range(3)])
    for i, feature in enumerate(load_station(METHANE).features):
        low, high = feature.range
        assert low <= values[:, i].min(), feature.key
        assert values[:, i].max() <= high, feature.key
    assert values[:, 0].min() > 1900
    assert values[:, 0].max() < 10_000
    assert values[:, 2].min() > 8
    assert values[:, 2].max() < 31


def test_three_boards_in_one_chamber_share_the_air_and_most_of_their_noise() -> None:
    boards = [simulate_chamber(seed=5, board=board) for board in BOARDS]
    for other in boards[1:]:
        np.testing.assert_array_equal(other[:, :4], boards[0][:, :4])
        for i, least in zip(range(4, 9), (0.98, 0.99, 0.98, 0.99, 0.9), strict=True):
            assert np.corrcoef(np.log(other[:, i]), np.log(boards[0][:, i]))[0, 1] > least
    np.testing.assert_array_equal(boards[2][:, 5], boards[0][:, 5])
    assert not np.array_equal(boards[1][:, 5], boards[0][:, 5])


def test_ten_injections_rise_at_once_and_decay_over_hundreds_of_rows() -> None:
    methane = simulate_chamber(seed=6)[:, 0]
    assert onsets(methane) == 10
    falls = np.mean(np.diff(methane) < 0.2)
    assert falls > 0.9


def test_temperature_and_humidity_come_in_the_steps_of_two_averaged_raw_readings() -> None:
    values = simulate_chamber(2000, seed=1)
    np.testing.assert_allclose(values[:, 2] * 200, np.round(values[:, 2] * 200), atol=1e-6)
    np.testing.assert_allclose(values[:, 3] * 20, np.round(values[:, 3] * 20), atol=1e-6)


def test_blocks_go_on_for_ever_with_new_randomness_and_a_longer_run_is_their_beginning() -> None:
    first, second = islice(chamber_blocks(seed=9, board=3), 2)
    assert first.shape == second.shape == (ROWS, 9)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, simulate_chamber(seed=9, board=3))
    np.testing.assert_array_equal(np.concatenate([first, second])[:20_000], simulate_chamber(20_000, seed=9, board=3))
    # No cold start in the second pass: the chamber is warm already.
    assert first[0, 2] < 27.5
    assert second[0, 2] > 28


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="rows: got 0, expected at least 1"):
        simulate_chamber(0)
