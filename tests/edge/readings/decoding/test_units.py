"""Every unit in which a station may send becomes its column's unit, or is refused with what the column takes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.settings.station import Feature, Station
from config.settings.unit_settings import UnitSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.decoding.unit_table import find_unit, units_of
from edge.readings.decoding.units import converter, converters

METHANE_STATION = load_station(METHANE)
ADS1115 = UnitSettings(counts=32768, reference=6.144, load_ohm=22000, supply=3.3)


def one_column(unit: str) -> Station:
    features = [Feature(name=key, key=key, unit=unit, role="sensor", range=(-1e12, 1e12)) for key in ("a", "b")]
    return Station(name="one", features=tuple(features))


def convert(number: float, unit: str | UnitSettings, column: str) -> float:
    change = converter(unit, one_column(column), "a")
    return number if change is None else change(number)


@pytest.mark.parametrize(
    ("number", "unit", "column", "value"),
    [
        (77.0, "°F", "Cel", 25.0),
        (77.0, "degF", "Cel", 25.0),
        (77.0, "[degF]", "Cel", 25.0),
        (77.0, "degrees Fahrenheit", "Cel", 25.0),
        (1.9, "µmol mol⁻¹", "[ppb]", 1900.0),
        (1.25, "mg·m⁻³", "ug/m3", 1250.0),
        (-40.0, "F", "Cel", -40.0),
        (0.0, "K", "Cel", -273.15),
        (25.0, "°C", "[degF]", 77.0),
        (300.0, "Kelvin", "degF", 80.33),
        (1.9, "ppm", "[ppb]", 1900.0),
        (1900.0, "nmol/mol", "[ppm]", 1.9),
        (1900.0, "ppbv", "ppm", 1.9),
        (2.05, "%", "[ppm]", 20500.0),
        (2.05, "vol%", "[ppm]", 20500.0),
        (0.55, "1", "%", 55.0),
        (0.55, "/", "%", 55.0),
        (55.0, "%RH", "%", 55.0),
        (64.9, "kΩ", "Ohm", 64900.0),
        (64.9, "kohm", "Ohm", 64900.0),
        (64.9, "KOhm", "Ohm", 64900.0),
        (0.0649, "MOhm", "Ohm", 64900.0),
        (64900.0, "Ω", "kOhm", 64.9),
        (64900.0, "\u2126", "kOhm", 64.9),
        (20.0, "µS", "Ohm", 50000.0),
        (101325.0, "Pa", "hPa", 1013.25),
        (1013.25, "mbar", "Pa", 101325.0),
        (1.01325, "bar", "hPa", 1013.25),
        (760.0, "Torr", "kPa", 101.325),
        (29.921252, "inHg", "hPa", 1013.25),
        (36.0, "km/h", "m/s", 10.0),
        (2500.0, "mV", "V", 2.5),
        (1250.0, "ug/m3", "mg/m3", 1.25),
        (1250.0, "µg/m³", "mg/m3", 1.25),
    ],
)
def test_a_number_is_converted(number: float, unit: str, column: str, value: float) -> None:
    assert convert(number, unit, column) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("unit", ["Cel", "°C", "C", "celsius", "degC"])
def test_the_same_unit_by_another_name_costs_nothing(unit: str) -> None:
    assert converter(unit, METHANE_STATION, "temperature_c") is None


@pytest.mark.parametrize(
    ("key", "number", "settings", "value"),
    [  # 1 mol of an ideal gas takes 24.4654 L at 25 Cel and 1013.25 hPa, and 22.7109 L at 0 Cel and 1000 hPa
        ("ch4_ppb", 1.0, {"unit": "mg/m3"}, 1e9 * 24.465403e-3 / 16042.5),
        ("ch4_ppb", 1.0, {"unit": "mg/m3", "temperature_c": 0, "pressure_hpa": 1000}, 1e9 * 22.710955e-3 / 16042.5),
        ("h2o_ppm", 10.0, {"unit": "g/m3"}, 1e7 * 24.465403e-3 / 18.01528),
        ("ch4_ppb", 1.0, {"unit": "mg/m3", "molar_mass": 28.0}, 1e9 * 24.465403e-3 / 28000),
    ],
)
def test_a_mass_concentration_becomes_a_mole_fraction(
    key: str, number: float, settings: dict[str, Any], value: float
) -> None:
    change = converter(UnitSettings(**settings), METHANE_STATION, key)
    assert change is not None
    assert change(number) == pytest.approx(value, rel=1e-6)


@given(st.floats(min_value=200.0, max_value=5e6))
def test_counts_of_a_divider_become_the_resistance_that_made_them(ohm: float) -> None:
    counts = 3.3 * 22000 / (22000 + ohm) / 6.144 * 32768
    assert convert(counts, ADS1115, "Ohm") == pytest.approx(ohm, rel=1e-9)
    low_side = UnitSettings(counts=4095, load_ohm=22000, supply=3.3, across="sensor")
    assert convert(ohm / (22000 + ohm) * 4095, low_side, "kOhm") == pytest.approx(ohm / 1000, rel=1e-6)
    volts = UnitSettings(unit="mV", load_ohm=22000, supply=3.3)
    assert convert(3300 * 22000 / (22000 + ohm), volts, "Ohm") == pytest.approx(ohm, rel=1e-9)


def test_an_open_divider_has_no_value_and_a_shorted_one_none_that_is_possible() -> None:
    assert math.isnan(convert(0, ADS1115, "Ohm"))
    assert math.isnan(convert(-3, ADS1115, "Ohm"))
    assert convert(32767, ADS1115, "Ohm") < 0  # more than the supply: below every range
    assert math.isnan(convert(4095, UnitSettings(counts=4095, load_ohm=1e4, supply=5, across="sensor"), "Ohm"))


def test_a_factor_and_an_offset_convert_what_has_no_unit() -> None:
    assert convert(294, UnitSettings(factor=0.1), "Cel") == 29.4
    assert convert(6940, UnitSettings(unit="K", factor=0.05, offset=-50), "Cel") == pytest.approx(23.85)
    assert convert(2048, UnitSettings(counts=4096, reference=3.3), "mV") == 1650.0


@pytest.mark.parametrize(
    ("key", "unit", "sentence"),
    [
        ("r2600_ohm", "Cel", 'got "Cel", a temperature, but the column\'s unit is "Ohm", which takes'),
        (
            "temperature_c",
            "Farenheit",
            'got "Farenheit", did you mean "degF"? the column\'s unit is "Cel", which takes ',
        ),
        (
            "temperature_c",
            "furlongs",
            'got "furlongs", an unknown unit; the column\'s unit is "Cel", which takes Cel, ',
        ),
        ("r2600_ohm", "counts", "fix: give {counts: 4095, load_ohm: 10000, supply: 5.0}"),
        ("r2600_ohm", "mV", "fix: give {unit: V, load_ohm: 10000, supply: 5.0}"),
        ("r2600_ohm", UnitSettings(unit="Pa", load_ohm=10, supply=5), "expected a voltage: V, mV or uV"),
        ("humidity_pct", "mg/m3", "expected molar_mass [g/mol] beside it"),
        ("ch4_pbb", "ppm", 'units: got "ch4_pbb"; did you mean "ch4_ppb"?'),
    ],
)
def test_a_unit_that_cannot_be_is_refused_with_what_can(key: str, unit: str | UnitSettings, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        converters({key: unit, "temperature_c": unit if key == "temperature_c" else "F"}, METHANE_STATION)
    (problem,) = caught.value.problems
    assert problem.startswith("units")
    assert sentence in problem


def test_a_column_in_a_unit_of_its_own_takes_that_and_a_factor() -> None:
    station = one_column("ppm.h")
    assert converter("ppm.h", station, "a") is None
    with pytest.raises(ValueError, match=r'"ppm.h", which is not converted; fix: give \{factor'):
        converter("ppm", station, "a")


def test_a_column_without_a_unit_takes_a_factor_or_gets_one() -> None:
    with pytest.raises(ValueError, match="or write the column's unit into the station file"):
        converter("hPa", one_column("1"), "a")
    assert convert(1013.25, UnitSettings(factor=100), "1") == 101325.0


@pytest.mark.parametrize("text", ["MOHM!", "", "°", "mOHm", "deg", "\0", "x" * 1000])
def test_any_text_is_a_unit_or_none(text: str) -> None:
    find_unit(text)


def test_units_of_a_kind_go_there_and_back() -> None:
    for kind in {unit.kind for text in ("ppm", "Cel", "Ohm", "Pa", "V", "m/s") if (unit := find_unit(text))}:
        for one in units_of(kind):
            for other in units_of(kind):
                there = convert(37.5, one.name, other.name)
                assert convert(there, other.name, one.name) == pytest.approx(37.5, rel=1e-9), (one.name, other.name)
