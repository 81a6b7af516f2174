"""fit_virtual_gas: which sensors respond, and the level that they indicate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from trainer.data.record import Record, load_record
from trainer.data.scaler import fit_scaler
from trainer.scoring.virtual_gas import VirtualGasFit, fit_virtual_gas

STATION = load_station(METHANE)


def fitted(values: Floats, station: Station = STATION, columns: range = range(9)) -> VirtualGasFit:
    scaled = fit_scaler(values, station, "log").forward(values)[:, list(columns)]
    return fit_virtual_gas(values, scaled, station, columns, np.array_split(np.arange(len(values)), 3))


@pytest.mark.parametrize("board", [1, 2, 3])
def test_the_sensors_that_respond_on_the_record_are_the_three_that_do(record_folder: Path, board: int) -> None:
    values = load_record([record_folder / f"station-{board}.csv"], STATION).values
    virtual = fitted(values).virtual
    assert virtual is not None
    assert virtual.responsive == ("r2611e_ohm", "r2611c_ohm", "rmq4_ohm")
    assert 0.1 < virtual.sd < 0.3
    assert (virtual.low, virtual.high) == (values[:, 0].min(), values[:, 0].max())


def test_the_level_is_that_of_the_gas_within_its_standard_deviation(chamber: Record) -> None:
    scaled = fit_scaler(chamber.values, STATION, "log").forward(chamber.values)
    virtual = fitted(chamber.values).virtual
    assert virtual is not None
    miss = virtual.log_level(scaled) - np.log(chamber.values[:, 0])
    assert abs(miss.mean()) < 1e-9
    assert 0.5 * virtual.sd < miss.std() <= virtual.sd * (1 + 1e-9)


def test_the_gas_itself_is_no_predictor_with_it_or_without_it(chamber: Record) -> None:
    whole, absent = fitted(chamber.values).virtual, fitted(chamber.values, columns=range(1, 9)).virtual
    assert whole is not None
    assert absent is not None
    assert 0 not in whole.columns
    np.testing.assert_allclose(absent.weights, whole.weights)
    assert absent.columns == tuple(column - 1 for column in whole.columns)


def test_sensors_that_do_not_respond_are_named(chamber: Record) -> None:
    values = chamber.values.copy()
    values[:, 0] = np.random.default_rng(0).uniform(2000, 4000, len(values))
    found = fitted(values)
    assert found.virtual is None
    assert found.note is not None
    assert found.note.startswith("no virtual gas, and no onset: none of r2611e_ohm, r2600_ohm")


def test_stations_without_gas_or_without_sensors_get_a_note(chamber: Record) -> None:
    no_gas = replace(STATION, features=STATION.features[1:])
    assert "no gas column" in str(fitted(chamber.values[:, 1:], no_gas, range(8)).note)
    assert "no column with role: sensor" in str(fitted(chamber.values, columns=range(4)).note)
