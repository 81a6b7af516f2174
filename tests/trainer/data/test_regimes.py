from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.station import Feature, Role, Station
from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.field import simulate_field
from trainer.data.record import Record, load_record
from trainer.data.regimes import SHORTEST, chunk_count, regimes


def climate(temperature: np.ndarray, role: Role = "environment") -> Record:
    """Return a record of a temperature with a thermostat's cycle, beside a sensor that wanders."""
    rows = np.arange(len(temperature))
    rng = np.random.default_rng(1)
    cycle = 0.5 * np.sin(2 * np.pi * rows / 33) + 0.1 * rng.normal(size=len(rows))
    station = Station(
        name="two",
        features=(
            Feature(name="t", key="t", unit="Cel", role=role, range=(-1e9, 1e9), missing=()),
            Feature(name="r", key="r", unit="Ohm", role="sensor", range=(-1e9, 1e9), missing=()),
        ),
    )
    return Record.from_values(np.column_stack([temperature + cycle, rng.normal(size=len(rows))]), station)


def starts(record: Record) -> list[int]:
    return [start for start, _ in regimes(record)]


@pytest.mark.parametrize("board", [1, 2, 3])
def test_the_six_set_points_of_the_chamber_are_found_on_every_board(record_folder: Path, board: int) -> None:
    record = load_record([record_folder / f"station-{board}.csv"], load_station(METHANE))

    found = regimes(record)

    assert [start for start, _ in found] == pytest.approx([0, 1399, 4355, 8278, 10299, 12641], abs=60)
    assert [end for _, end in found] == [*(start for start, _ in found[1:]), len(record.values)]


@pytest.mark.parametrize("role", ["environment", "sensor"])
def test_plateaus_are_found_by_the_environment_or_where_there_is_none_by_all_columns(role: Role) -> None:
    temperature = np.repeat([20.0, 24.0, 18.0], [700, 500, 800])

    assert starts(climate(temperature, role)) == pytest.approx([0, 700, 1200], abs=20)


def test_a_sensor_that_steps_is_no_regime_where_the_environment_is_known() -> None:
    record = climate(np.full(2000, 20.0))
    record.values[1000:, 1] += 50.0

    assert regimes(record) == ((0, 2000),)


def test_a_warm_up_a_ramp_and_opened_doors_are_no_steps() -> None:
    rows = np.arange(3000)
    doors = np.where(rows % 400 < 10, -8.0, 0.0)

    assert regimes(climate(20.0 - 6.0 * np.exp(-rows / 50) + doors)) == ((0, 3000),)
    assert regimes(climate(np.linspace(10.0, 30.0, 3000))) == ((0, 3000),)


@pytest.mark.parametrize("seed", range(5))
def test_weather_gives_few_regimes(seed: int) -> None:
    record = Record.from_values(simulate_field(3000, seed=seed), load_station(METHANE))

    assert len(regimes(record)) <= 3


def test_no_regime_is_shorter_than_the_least() -> None:
    counts = set()
    for rows in range(495, 545):
        found = regimes(climate(np.where(np.arange(rows) < rows // 2, 20.0, 30.0)))
        assert min(end - start for start, end in found) >= SHORTEST or len(found) == 1
        counts.add(len(found))
    assert counts == {1, 2}
    assert regimes(climate(np.array([20.0]))) == ((0, 1),)


def test_a_coarse_converter_that_rests_on_one_value_steps_only_by_a_part_of_the_whole() -> None:
    coarse = np.repeat([20.0, 20.8, 30.0], 600)
    record = climate(coarse)
    record.values[:, 0] = coarse

    assert starts(record) == pytest.approx([0, 1200], abs=20)


def test_a_long_record_is_cut_as_well() -> None:
    temperature = np.repeat([20.0, 25.0, 22.0], [40_000, 30_000, 50_000])

    assert starts(climate(temperature)) == pytest.approx([0, 40_000, 70_000], abs=120_000 // 1500)


def plateaus(chamber: Record, *counts: int) -> Record:
    """Return a record of one file per count, with that many plateaus of 400 rows in each."""
    levels = np.concatenate([np.repeat(10.0 + 10 * (np.arange(count) % 4), 400) for count in counts])
    values = np.repeat(chamber.values[:1], len(levels), axis=0)
    values[:, 2] = levels + 0.1 * np.sin(np.arange(len(levels)))
    ends = (400 * np.cumsum(counts)).tolist()
    parts = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return dataclasses.replace(Record.from_values(values, chamber.station, parts), parts=parts)


@pytest.mark.parametrize(("counts", "expected"), [((1,), 3), ((5,), 5), ((12,), 8), ((3, 4), 4), ((4, 1), 4)])
def test_the_file_with_the_most_regimes_counts_within_bounds(
    chamber: Record, counts: tuple[int, ...], expected: int
) -> None:
    assert chunk_count(plateaus(chamber, *counts), Training()) == expected


def test_a_number_that_is_set_holds(chamber: Record) -> None:
    assert chunk_count(chamber, replace(Training(), chunks=2)) == 2
