"""explore on stations that are no chamber: a road, several gases, a mine in percent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings.station import Feature, Role, Station
from edge.arrays import Floats
from edge.readings.csv.writer import write_table
from tests.trainer.exploring.makers import MakeRecord
from tests.trainer.exploring.test_explore import text_of
from trainer.exploring.exploration import examine
from trainer.exploring.explore import explore
from trainer.exploring.panels.findings import findings
from trainer.exploring.panels.phases import phases_panel
from trainer.exploring.phases import phases


def a_station(roles: dict[str, Role], unit: str, cadence: float | None) -> Station:
    features = tuple(
        Feature(name=key, key=key, unit=unit if role == "gas" else "1", role=role, range=(-1e6, 1e6), missing=())
        for key, role in roles.items()
    )
    return Station(name="other", features=features, cadence=cadence)


def traffic(days: int, seed: int) -> Floats:
    """Return hours of carbon monoxide at a road [mg/m3], in steps of 0.1."""
    rng = np.random.default_rng(seed)
    hour = np.arange(24 * days) % 24
    rush = np.exp(-(((hour - 8) / 1.5) ** 2)) + np.exp(-(((hour - 19) / 2.0) ** 2))
    return np.asarray(np.round(0.6 * np.exp(1.5 * rush + rng.normal(scale=0.3, size=len(hour))), 1))


def seasons(days: int, seed: int) -> tuple[Floats, Floats]:
    """Return hours of temperature [Cel] and of a sensor that follows it, and that weather and aging put off."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    warmth = 15 - 10 * np.cos(2 * np.pi * hours / 8760) + 5 * np.sin(2 * np.pi * hours / 24)
    weather = np.repeat(np.convolve(rng.normal(size=days + 6), np.ones(7) / 7, "valid"), 24)
    return warmth + 3 * weather, 1000 + 8 * warmth + 40 * weather + 0.01 * hours + rng.normal(
        scale=5.0, size=len(hours)
    )


def test_at_a_road_no_onset_stands_out_and_the_sensors_have_no_warm_up(record: MakeRecord) -> None:
    station = a_station({"co": "gas", "t": "environment", "s": "sensor"}, "mg/m3", 3600.0)
    warmth, sensor = seasons(200, seed=1)
    gas = traffic(200, seed=1)
    found = examine(record(np.column_stack([gas, warmth, sensor + 100 * np.log(gas)]), station))

    assert found.phases.episodes == ()
    assert found.phases.warm_up == 0
    known = {(where, what): so for where, what, so in findings(found)}
    (so,) = (so for (where, what), so in known.items() if where == "co" and "three times the background" in what)
    assert so == "the gas varies all the time, so no single onsets can be made out"


@pytest.mark.parametrize(("cadence", "seen"), [(60.0, True), (3600.0, False)])
def test_what_takes_longer_than_two_days_is_no_warm_up(record: MakeRecord, cadence: float, seen: bool) -> None:
    station = a_station({"ch4": "gas", "t": "environment", "s": "sensor"}, "[ppb]", cadence)
    rng = np.random.default_rng(2)
    rows = np.arange(4000)
    gas = 2000 + rng.normal(scale=20.0, size=4000)
    sensor = 5e4 * (1 + 0.4 * np.exp(-rows / 80)) + rng.normal(scale=200.0, size=4000)
    found = phases(record(np.column_stack([gas, 20 + rng.normal(scale=0.1, size=4000), sensor]), station))

    assert found.warm_up is not None
    assert (found.warm_up > 100) is seen


def test_a_sensor_that_is_put_off_for_a_while_has_not_warmed_up(record: MakeRecord) -> None:
    station = a_station({"ch4": "gas", "t": "environment", "s": "sensor"}, "[ppb]", 60.0)
    rng = np.random.default_rng(3)
    sensor = 5e4 + rng.normal(scale=200.0, size=4000)
    sensor[20:220] += np.linspace(200.0, 9000.0, 200)  # goes away, and is back at once
    values = np.column_stack([2000 + rng.normal(scale=20.0, size=4000), 20 + rng.normal(size=4000), sensor])

    assert phases(record(values, station)).warm_up == 0


def test_the_onsets_of_every_gas_are_listed_in_its_unit(record: MakeRecord) -> None:
    station = a_station({"north": "gas", "wind": "environment", "south": "gas"}, "[ppm]", 60.0)
    rng = np.random.default_rng(4)
    values: Floats = np.asarray(np.round(1.95 + rng.normal(scale=0.01, size=(3000, 3)), 3), dtype=np.float64)
    values[1000:1060, 0] += 4.0
    values[2000:2040, 2] += 9.0
    panel = phases_panel(examine(record(values, station)))

    (table,) = (one for one in panel.tables if one.heads[0] == "episode")
    assert table.heads == ("episode", "gas", "onset", "rows", "before [ppm]", "peak [ppm]")
    assert [row[1:4] for row in table.rows] == [("north", 1000, 60), ("south", 2000, 40)]
    before, peak = (float(cell) for cell in table.rows[0][4:] if isinstance(cell, float))
    assert before == pytest.approx(1.95, abs=0.05)
    assert peak == pytest.approx(5.95, abs=0.06)
    assert before == round(before, 2)


def test_a_mine_reads_percent_of_which_clean_air_has_none(record: MakeRecord) -> None:
    station = a_station({"ch4": "gas", "t": "environment"}, "%", 10.0)
    gas = np.where(np.random.default_rng(5).random(4000) < 0.05, 0.0002, 0.0)
    gas[3000:3400] = 0.0131
    found = examine(record(np.column_stack([gas, np.linspace(20.0, 25.0, 4000)]), station))
    (table,) = (one for one in phases_panel(found).tables if one.heads[0] == "episode")

    assert [row[1:] for row in table.rows] == [(3000, 400, 0.0, 0.0131)]


def test_without_a_climate_no_sentence_speaks_of_one(tmp_path: Path) -> None:
    station = a_station({"ch4": "gas", "s": "sensor"}, "[ppm]", None)
    rng = np.random.default_rng(6)
    values = np.column_stack([2 + rng.normal(scale=0.01, size=1500), rng.normal(size=1500)])
    write_table(tmp_path / "rows.csv", station.names, values)
    (tmp_path / "station.yaml").write_bytes(msgspec.yaml.encode(station))
    explore([tmp_path / "rows.csv"], tmp_path / "station.yaml", tmp_path / "explore.html")
    text = text_of(tmp_path / "explore.html")

    assert "no plateaus of all columns of 250 rows or more, no onset of gas." in text
    assert "A linear drift is accounted for" in text
    assert "The other columns say little of ch4" in text


def test_what_a_gas_usually_does_is_judged_by_the_readings_that_are_there(record: MakeRecord) -> None:
    station = a_station({"co": "gas", "t": "environment"}, "mg/m3", 3600.0)
    gas = traffic(365, seed=7)
    gas[900:] = np.nan  # the analyser was taken away
    found = phases(record(np.column_stack([gas, seasons(365, seed=7)[0]]), station))

    assert found.episodes == ()
    assert found.plumes > 10
