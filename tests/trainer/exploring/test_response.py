"""The exponent of a sensor's response, and its error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.settings.station import Station
from edge.arrays import Floats
from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.phases import phases
from trainer.exploring.raw_record import read_raw_record
from trainer.exploring.response import responses


def test_an_exponent_is_found_again_behind_climate_and_drift(
    record: MakeRecord, methane: Station, simulated: Floats
) -> None:
    rng = np.random.default_rng(0)
    values = simulated.copy()
    gas, warm = np.log(values[:, 0]), values[:, 2]
    for column, exponent in ((4, -0.3), (5, 0.0)):
        values[:, column] = 1e4 * np.exp(
            exponent * (gas - 7.6) + 0.02 * warm + rng.normal(size=3000) * 0.02 + np.linspace(0, 0.3, 3000)
        )
    found = {one.key: one for one in responses(record(values, methane), ())}
    one, deaf = found["r2611e_ohm"], found["r2600_ohm"]
    assert one.exponent == pytest.approx(-0.3, abs=4 * one.error)
    assert one.error < 0.01
    assert one.responds
    assert abs(deaf.exponent) < 0.01
    assert one.residual == pytest.approx(0.02, rel=0.1)


def test_the_reference_record_gives_the_known_exponents(record_folder: Path, methane: Station) -> None:
    record = read_raw_record([record_folder / "station-1.csv"], methane)
    found = {one.key: one for one in responses(record, [one.start for one in phases(record).episodes])}
    known = {"r2611e_ohm": -0.293, "r2600_ohm": 0.0, "r2602_ohm": -0.123, "r2611c_ohm": -0.123, "rmq4_ohm": -0.225}
    assert {key: one.exponent for key, one in found.items()} == pytest.approx(known, abs=0.005)
    assert not found["r2600_ohm"].responds
    assert all(0.02 < one.error < 0.05 for one in found.values())


def test_no_gas_few_rows_or_a_constant_gas_give_no_response(
    record: MakeRecord, methane: Station, plain: MakeStation, simulated: Floats
) -> None:
    assert responses(record(np.random.default_rng(0).normal(size=(200, 3)), plain(3)), ()) == ()
    assert responses(record(simulated[:50], methane), ()) == ()
    still = simulated[:300].copy()
    still[:, 0] = 2000.0
    assert responses(record(still, methane), ()) == ()
