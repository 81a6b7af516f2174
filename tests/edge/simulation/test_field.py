from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.field import SEASONS, field_blocks, simulate_field
from edge.simulation.season_file import write_season

DAY = 1440  # rows at one reading a minute


def test_a_day_is_warm_in_the_afternoon_and_methane_builds_up_at_night() -> None:
    values = simulate_field(60 * DAY, seed=1).reshape(60, 24, 60, 9)
    temperature = values[..., 2].mean(axis=(0, 2))
    assert temperature.argmax() in (14, 15)
    assert temperature.argmin() in (2, 3)
    methane = np.median(values[..., 0], axis=(0, 2))
    assert methane[2:6].mean() > methane[12:18].mean() + 50


def test_plumes_pass_now_and_then() -> None:
    methane = simulate_field(60 * DAY, seed=2)[:, 0]
    assert 0.002 < np.mean(methane > 3000) < 0.1
    steepest = np.max(methane[3:] - methane[:-3])
    assert steepest > 1000


def test_the_air_stays_inside_the_domain_that_the_sensors_were_fitted_in() -> None:
    for seed in range(3):
        values = simulate_field(30 * DAY, seed=seed)
        for i, (low, high) in enumerate([(1950, 10_000), (4000, 27_100), (5, 32), (31, 74)]):
            assert low <= values[:, i].min()
            assert values[:, i].max() <= high
        for i, feature in enumerate(load_station(METHANE).features):
            assert feature.range[0] <= values[:, i].min()
            assert values[:, i].max() <= feature.range[1]


def test_no_channel_rests_long_enough_to_look_stuck() -> None:
    values = simulate_field(30 * DAY, seed=4, board=2)
    for i in range(9):
        changes = np.flatnonzero(np.diff(values[:, i]))
        assert np.diff(changes).max() < 20, i


def test_moisture_agrees_with_temperature_and_humidity_as_well_as_instruments_do() -> None:
    values = simulate_field(30 * DAY, seed=5)
    saturation = 6.112 * np.exp(17.62 * values[:, 2] / (243.12 + values[:, 2]))
    ratio = values[:, 1] / (values[:, 3] / 100 * saturation / 1000 * 1e6)
    assert 0.02 < np.log(ratio).std() < 0.06


def test_the_same_seed_repeats_and_the_boards_share_the_air() -> None:
    np.testing.assert_array_equal(simulate_field(500, seed=3), simulate_field(500, seed=3))
    one, other = simulate_field(500, seed=3), simulate_field(500, seed=3, board=2)
    np.testing.assert_array_equal(one[:, :4], other[:, :4])
    assert not np.array_equal(one[:, 4], other[:, 4])
    assert not np.array_equal(one, simulate_field(500, seed=4))


def test_days_follow_on_from_block_to_block() -> None:
    blocks = np.concatenate(list(islice(field_blocks(seed=1, cadence=600.0), 20))).reshape(-1, 24, 6, 9)
    assert blocks[..., 2].mean(axis=(0, 2)).argmax() in (14, 15)


def test_it_says_that_it_is_illustrative() -> None:
    assert "llustrative" in (simulate_field.__doc__ or "")


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 1"):
        simulate_field(0)


def test_seasons_differ_and_a_season_file_is_a_record_with_times(tmp_path: Path) -> None:
    spring, summer, late = (simulate_field(3000, seed=3, season=season) for season in SEASONS)
    assert summer[:, 2].mean() > spring[:, 2].mean() + 2
    assert abs(np.log(summer[:, 6] / late[:, 6]).mean()) < abs(np.log(summer[:, 6].mean() / spring[:, 6].mean()))
    path = tmp_path / "season.csv"
    write_season(path, 50, season=2, seed=3)
    lines = path.read_text().splitlines()
    assert lines[0].startswith("time,Methane (ppb),")
    assert [line.split(",")[0] for line in lines[1:3]] == ["2026-05-30T00:00:00.000Z", "2026-05-30T00:01:00.000Z"]
    np.testing.assert_allclose(float(lines[1].split(",")[1]), simulate_field(50, seed=3, season=SEASONS[1])[0, 0])
