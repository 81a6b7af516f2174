"""Every line of the table in docs/units.md gives what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings.gateway import Gateway
from config.templates.templates import METHANE
from config.yaml.load import load_gateway, load_station
from edge.readings.decoding.units import converters

PAGE = (Path(__file__).parents[4] / "docs" / "units.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| `([^`]+)` \| ([\d.]+) \| ([\d.]+) \S+ \|$", PAGE, flags=re.MULTILINE)
STATION = load_station(METHANE)


def load_units(path: Path, units: str) -> Gateway:
    path.write_text(f"stations: [{{bundle: x.davy, units: {units}}}]", encoding="utf-8")
    return load_gateway(path)


def test_the_table_has_been_read() -> None:
    assert len(ROWS) == 15


@pytest.mark.parametrize(("unit", "number", "value"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_line_of_the_table_gives_what_it_says(tmp_path: Path, unit: str, number: str, value: str) -> None:
    units = load_units(tmp_path / "gateway.yaml", f"{{{unit}}}").stations[0].units
    ((_, convert),) = converters(units, STATION).items()
    assert convert(float(number)) == pytest.approx(float(value), rel=1e-5)


def test_the_example_can_be_loaded(tmp_path: Path) -> None:
    example = re.search(r"^```yaml\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert example is not None
    path = tmp_path / "gateway.yaml"
    path.write_text(example[1], encoding="utf-8")
    assert len(converters(load_gateway(path).stations[0].units, STATION)) == 2


@pytest.mark.parametrize(
    ("units", "problem"),
    [
        ("{a: 3}", 'units.a: got 3, expected a unit in quotes, e.g. "ppm", "degF"'),
        ("{a: [ppb]}", 'units.a: got ["ppb"], expected a unit in quotes'),
        ("{a: {unti: V}}", 'units.a.unti: unknown key, did you mean "unit"?'),
        ("{a: {counts: 4095}}", "units.a.reference: missing, expected the voltage [V] at which counts are reached"),
        ("{a: {load_ohm: 10000}}", "units.a.supply: missing, expected the voltage [V]"),
        ("{a: {supply: 5}}", "units.a.supply: got 5 without load_ohm"),
        ("{a: {reference: 5}}", "units.a.reference: got 5 without counts"),
        ("{a: {counts: 9, supply: 5, unit: V}}", 'units.a.unit: got "V" beside counts'),
        ("{a: {counts: 9, supply: 5, factor: 2}}", "units.a.factor: got a scale beside counts"),
        ("{a: {factor: 0}}", "units.a.factor: got 0, expected another number"),
        ("{a: {counts: 0, supply: 5}}", "units.a.counts: got 0, expected a number > 0"),
        ("{a: {unit: mg/m3, pressure_hpa: -1}}", "units.a.pressure_hpa: got -1, expected a number > 0"),
        ("{a: {unit: mg/m3, temperature_c: -300}}", "units.a.temperature_c: got -300, expected a number > -273.15"),
        (
            "{a: {counts: 9, supply: 5, load_ohm: 1, across: both}}",
            'units.a.across: got "both", expected load | sensor',
        ),
    ],
)
def test_wrong_settings_are_refused_in_a_line(tmp_path: Path, units: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_units(tmp_path / "gateway.yaml", units)
    assert any(problem in each for each in caught.value.problems)
