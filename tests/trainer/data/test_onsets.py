from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from trainer.data.onsets import onsets, plume_starts
from trainer.data.record import Record, load_record

TEN = [151, 1406, 2971, 4363, 5817, 8313, 8988, 10354, 11350, 12767]


def gas(*levels: tuple[int, float]) -> Floats:
    """Return rows of methane that is about 2000 ppb but at the rows given, where an exponential plume begins."""
    rows = np.arange(1000)
    column = 2000.0 + np.random.default_rng(2).normal(scale=5.0, size=1000)
    for start, height in levels:
        column += np.where(rows >= start, height * np.exp(-(rows - start) / 30.0), 0.0)
    return np.column_stack([column, np.random.default_rng(1).uniform(1.0, 2.0, size=(1000, 8))])


def test_the_ten_injections_of_the_reference_record_are_found(record_folder: Path) -> None:
    record = load_record([record_folder / "station-1.csv"], load_station(METHANE))

    assert list(onsets(record, 2007.0)) == pytest.approx(TEN, abs=1)


def test_an_onset_is_steep_and_not_the_flicker_of_a_plume() -> None:
    record = Record.from_values(gas((200, 4000.0), (240, 2000.0), (500, 1400.0), (700, 1600.0)), load_station(METHANE))

    assert onsets(record, 2000.0) == (200, 700)


def test_a_step_between_two_segments_is_a_gap_in_time_and_no_onset() -> None:
    values = gas()
    values[500:, 0] += 5000.0

    assert onsets(Record.from_values(values, load_station(METHANE)), 2000.0) == (500,)
    assert onsets(Record.from_values(values, load_station(METHANE), ((0, 500), (500, 1000))), 2000.0) == ()


def hours(seed: int, days: int = 365) -> Floats:
    """Return a year of hourly carbon monoxide [mg/m3] at a road, with two rush hours a day."""
    rng = np.random.default_rng(seed)
    hour = np.arange(24 * days) % 24
    rush = np.exp(-(((hour - 8) / 1.5) ** 2)) + np.exp(-(((hour - 19) / 2.0) ** 2))
    slow = np.repeat(rng.normal(scale=0.4, size=days), 24)
    return np.asarray(np.round(0.7 * np.exp(slow + 1.3 * rush + rng.normal(scale=0.3, size=24 * days)), 1))


def road(column: Floats, cadence: float | None) -> Record:
    station = replace(load_station(METHANE), cadence=cadence)
    return Record.from_values(np.column_stack([column, *np.ones((8, len(column)))]), station)


@pytest.mark.parametrize("cadence", [3600.0, None])
def test_rush_hours_are_no_onsets_though_the_gas_rises_fivefold_every_morning(cadence: float | None) -> None:
    column = hours(seed=3)
    assert (column > 5 * np.quantile(column, 0.1)).any()

    assert onsets(road(column, cadence), float(np.quantile(column, 0.1))) == ()


def test_a_leak_at_a_road_stands_out_of_its_traffic() -> None:
    column = hours(seed=4)
    column[4000:4010] += 60.0

    assert onsets(road(column, 3600.0), float(np.quantile(column, 0.1))) == (4000,)


def test_the_last_digit_of_a_coarse_converter_is_no_onset() -> None:
    percent = np.where(np.random.default_rng(5).random(5000) < 0.003, 0.2, 0.1)
    percent[3000:3100] = 1.4

    assert onsets(road(percent, 60.0), 0.1) == (3000,)


def test_a_single_wild_reading_is_no_onset() -> None:
    values = gas((400, 4000.0))
    values[700, 0] = 9000.0

    assert onsets(Record.from_values(values, load_station(METHANE)), 2000.0) == (400,)


def test_the_rise_of_a_slow_plume_is_measured_in_time_where_the_cadence_is_known() -> None:
    column = 2.0 + np.random.default_rng(6).normal(scale=0.005, size=6000)
    column[3000:3100] += np.linspace(0.0, 4.0, 100)  # 200 s at a reading every 2 s
    column[3100:3400] += 4.0

    (found,) = onsets(road(column, 2.0), 2.0)
    assert 3030 < found < 3050
    assert onsets(road(column, None), 2.0) == ()


def test_a_plume_starts_where_the_level_passes_whatever_the_rise() -> None:
    column = np.full(300, 1.0)
    column[50:80] = np.linspace(1.0, 4.0, 30)
    column[80:90] = 2.0  # not quiet yet
    column[90:100] = 4.0
    column[200:210] = 5.0

    found = plume_starts(road(column, None), 1.0)
    assert found == (70, 200)
