"""Numbers that come with their unit: in SenML packs, and in texts."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from config.settings.unit_settings import UnitSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.decoding.decoder import Decoder
from edge.readings.decoding.stated_units import StatedUnits
from edge.readings.reading import Reading
from tests.doubles import GOOD

STATION = load_station(METHANE)


def _value(key: str, payload: Any, **settings: Any) -> float:
    (reading,) = Decoder("st", STATION, **settings).decode(json.dumps(payload).encode(), 1.8e9)
    assert isinstance(reading, Reading)
    return reading.values[STATION.keys.index(key)]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("temperature_c", "68 °F", 20.0),
        ("temperature_c", "21.5 °C", 21.5),
        ("temperature_c", "293.15K", 20.0),
        ("temperature_c", "21,5 °C", 21.5),
        ("temperature_c", "−4.5\u00a0°C", -4.5),
        ("r2600_ohm", "14,75 kΩ", 14750.0),
        ("humidity_pct", "48.5 %", 48.5),
        ("humidity_pct", "48.5%RH", 48.5),
        ("r2600_ohm", "14.7 kΩ", 14700.0),
        ("r2600_ohm", "0.02MOhm", 20000.0),
        ("ch4_ppb", "2.5 ppm", 2500.0),
        ("ch4_ppb", "2500ppb", 2500.0),
    ],
)
def test_a_text_with_a_unit_behind_its_number_is_converted(key: str, text: str, value: float) -> None:
    assert _value(key, GOOD | {key: text}) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["21 Ohm", "21 parsecs", "21 of 40", "-- °C", "2,150 °C", "1.234,5 °C"])
def test_a_unit_that_the_column_cannot_have_is_missing_not_misread(text: str) -> None:
    assert math.isnan(_value("temperature_c", GOOD | {"temperature_c": text}))


@pytest.mark.parametrize("text", ["nan °C", "NaN°C", "-- °C", "NULL °C", "unavailable °C"])
def test_a_word_for_a_missing_value_is_one_with_a_unit_behind_it(text: str) -> None:
    decoder = Decoder("st", STATION)
    (reading,) = decoder.decode(json.dumps({"temperature_c": text}).encode(), 1.8e9)
    assert isinstance(reading, Reading)
    assert math.isnan(reading.values[STATION.keys.index("temperature_c")])
    assert not decoder.notes


def test_the_units_of_a_senml_pack_are_converted() -> None:
    pack = [
        {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1.8e9, "n": "temperature_c", "u": "K", "v": 295.15},
        {"n": "ch4_ppb", "u": "ppm", "v": 2.25},
        {"n": "humidity_pct", "u": "/", "v": 0.475},
        {"n": "h2o_ppm", "u": "g/m3", "v": 9.5},
        {"n": "r2600_ohm", "u": "kOhm", "v": 17.5},
    ]
    (reading,) = Decoder("st", STATION, form="senml").decode(json.dumps(pack).encode(), 1.8e9)
    assert isinstance(reading, Reading)
    found = dict(zip(STATION.keys, reading.values, strict=True))
    assert (found["temperature_c"], found["ch4_ppb"]) == pytest.approx((22.0, 2250.0), rel=1e-12)
    assert (found["humidity_pct"], found["r2600_ohm"]) == pytest.approx((47.5, 17500.0), rel=1e-12)
    assert found["h2o_ppm"] == pytest.approx(12901.3, rel=1e-4)


@pytest.mark.parametrize(
    ("document", "address", "value"),
    [
        ({"air": {"value": 68, "unit": "°F"}}, "air.value", 20.0),
        ({"air": {"v": "68", "u": "F"}}, "air.v", 20.0),
        ({"list": [{"type": "T", "value": 293.15, "unit_of_measurement": "K"}]}, "list[type=T].value", 20.0),
        ({"list": ['{"value": 68, "uom": "degF"}']}, "list[0].value", 20.0),
        ({"air": {"value": 20, "unit": "warm"}}, "air.value", 20.0),
        ({"air": {"value": 20, "unit": 7}}, "air.value", 20.0),
        ({"air": {"value": 20, "unit": "Pa"}}, "air.value", 20.0),
        ({"air.value": 20, "air": {"unit": "K"}}, "air.value", 20.0),
        ({"air": {"outside": 20, "unit": "K"}}, "air.outside", 20.0),
        ({"air": {"value": None, "unit": "K"}}, "air.value", math.nan),
        ({"air": {"value": -200, "unit": "K"}}, "air.value", math.nan),
    ],
)
def test_a_unit_beside_a_value_is_converted(document: Any, address: str, value: float) -> None:
    found = _value("temperature_c", document | {"ch4_ppb": 2000}, keys={"temperature_c": address})
    assert found == pytest.approx(value, nan_ok=True)


def test_what_gateway_yaml_declares_outweighs_the_unit_of_the_message() -> None:
    # A board that calls its Fahrenheit "°C".
    assert _value("temperature_c", GOOD | {"temperature_c": "68 °C"}, units={"temperature_c": "degF"}) == 20.0


def test_sentinels_come_before_the_conversion() -> None:
    assert math.isnan(_value("temperature_c", GOOD | {"temperature_c": -200}, units={"temperature_c": "degF"}))
    assert math.isnan(_value("temperature_c", GOOD | {"temperature_c": "-200 °F"}))
    assert _value("temperature_c", GOOD | {"temperature_c": -328}, units={"temperature_c": "degF"}) == -200.0


def test_a_flood_of_invented_units_does_not_fill_the_memory() -> None:
    units = StatedUnits(STATION)
    for i in range(1000):
        assert units.convert(2, 21.0, f"Cel{{{i}}}") == 21.0
    assert len(units._known) <= 256


@pytest.mark.parametrize("number", [1e308, -1e308, 5e-324, 0.0, 1e-300])
@pytest.mark.parametrize("unit", ["kOhm", "uS", "degF", "V", "counts"])
def test_no_number_is_too_large_or_too_small_to_be_read(number: float, unit: str) -> None:
    divided = UnitSettings(counts=4095, load_ohm=10000, supply=5) if unit == "counts" else unit
    divided = UnitSettings(unit="V", load_ohm=10000, supply=5) if unit == "V" else divided
    key = "temperature_c" if unit == "degF" else "r2600_ohm"
    value = _value(key, GOOD | {key: number}, units={key: divided})
    assert math.isnan(value) or math.isfinite(value)
    text = _value(key, GOOD | {key: f"{number!r} {unit}"})
    assert math.isnan(text) or math.isfinite(text)
