"""The station file: what it holds, and which stations are refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.errors import ConfigError
from config.settings.windows import WindowSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station


def _feature(**changes: Any) -> dict[str, Any]:
    feature = {"name": "A", "key": "a_ohm", "unit": "Ohm", "role": "sensor", "range": [0, 10]} | changes
    return {key: value for key, value in feature.items() if value is not None}


def _problems(tmp_path: Path, *features: Any, **station: Any) -> list[str]:
    path = tmp_path / "station.yaml"
    features = features or (_feature(), _feature(name="B", key="b_ohm"))
    path.write_text(yaml.safe_dump({"name": "box", "features": list(features)} | station))
    with pytest.raises(ConfigError) as caught:
        load_station(path)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


@pytest.mark.parametrize("what", ["name", "unit"])
def test_a_text_that_a_terminal_would_obey_is_refused(tmp_path: Path, what: str) -> None:
    (problem,) = _problems(tmp_path, _feature(**{what: "A\x1b[2J"}), _feature(name="B", key="b_ohm"))
    assert problem == rf'features[0].{what}: got "A\x1b[2J", expected a text without control characters'


def test_the_methane_station_has_the_nine_columns_of_the_record(record_folder: Path) -> None:
    station = load_station(METHANE)
    with (record_folder / "station-1.csv").open(encoding="utf-8") as file:
        assert list(station.names) == next(csv.reader(file))
    assert " ".join(station.keys) == (
        "ch4_ppb h2o_ppm temperature_c humidity_pct r2611e_ohm r2600_ohm r2602_ohm r2611c_ohm rmq4_ohm"
    )


@pytest.mark.parametrize("board", [1, 2, 3])
def test_every_reading_of_the_record_is_far_inside_the_physical_ranges(record_folder: Path, board: int) -> None:
    station = load_station(METHANE)
    with (record_folder / f"station-{board}.csv").open(encoding="utf-8") as file:
        rows = [row for row in list(csv.reader(file))[1:] if any(row)]
    for feature, column in zip(station.features, zip(*rows, strict=True), strict=True):
        low, high = feature.range
        values = [float(cell) for cell in column]
        width = max(values) - min(values)
        if feature.scale == "log":
            assert low <= min(values) / 1.5, feature.name
            assert high >= max(values) * 1.5, feature.name
        else:
            assert low <= min(values) - width / 2, feature.name
            assert high >= max(values) + width / 2, feature.name


def test_the_methane_station_has_a_gas_and_a_redundant_column() -> None:
    station = load_station(METHANE)
    assert (station.gas, station.gas_index, station.size) == ("ch4_ppb", 0, 9)
    assert station.units[:4] == ("[ppb]", "[ppm]", "Cel", "%")
    assert station.ratio is not None
    assert station.ratio.keys == ("h2o_ppm", "temperature_c", "humidity_pct")
    assert (station.recenter, station.windows) == (None, WindowSettings())


def test_a_station_without_a_gas_column_has_no_gas(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    path.write_text(yaml.safe_dump({"name": "box", "features": [_feature(), _feature(name="B", key="b")]}))
    station = load_station(path)
    assert (station.gas, station.gas_index) == (None, None)


def test_recenter_off_is_a_word_and_not_false(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    path.write_text(METHANE.read_text(encoding="utf-8").replace("recenter: auto", "recenter: off"), encoding="utf-8")
    assert load_station(path).windows.recenter == "off"
    path.write_text(METHANE.read_text(encoding="utf-8") + "recenter: off\n", encoding="utf-8")
    assert load_station(path).recenter == "off"


def test_the_rolling_median_is_declared_in_one_place_only(tmp_path: Path) -> None:
    both = _problems(tmp_path, recenter=240, windows={"recenter": "4 h"})
    assert both == ["recenter: got 240 beside windows.recenter, expected one of the two; leave this one out"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"range": [50, 10]}, "features[0].range: got [50, 10], expected [low, high] with low < high"),
        ({"range": [5]}, "features[0].range: got [5], expected [low, high] with low < high"),
        ({"range": [-1, 5], "scale": "log"}, "features[0].range: got [-1, 5], expected low >= 0 with scale: log"),
        ({"missing": [-200, 5]}, "features[0].missing[1]: got 5, expected a value outside the range [0, 10]"),
        ({"key": "CH4 ppb"}, 'features[0].key: got "CH4 ppb", expected snake_case with the unit, e.g. ch4_ppb'),
        ({"key": "ts"}, 'features[0].key: got "ts", expected another name: messages use it for something else'),
        ({"role": "gaz"}, 'features[0].role: got "gaz", expected gas | environment | sensor'),
        ({"unit": None}, 'features[0].unit: missing, expected a UCUM code, e.g. "[ppb]"'),
        ({"units": "Ohm"}, 'features[0].units: unknown key, did you mean "unit"?'),
    ],
)
def test_a_wrong_column_is_reported_in_one_line(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert _problems(tmp_path, _feature(**changes), _feature(name="B", key="b_ohm")) == [problem]


@pytest.mark.parametrize(
    ("station", "problem"),
    [
        ({"recenter": 1}, "recenter: got 1, expected an integer >= 2 or off or null"),
        ({"cadence": 0}, "cadence: got 0, expected a number > 0 or null"),
        ({"time": "A"}, 'time: got "A", expected a column that is not among the features'),
        (
            {"ratio": {"of": "a_ohm", "to": "magnus(a_ohm, c_ohm)"}},
            'ratio: got "c_ohm", expected one of the keys a_ohm, b_ohm',
        ),
        ({"features": [_feature()]}, "features: got [...], expected a list of at least two columns"),
        ({"features": None}, "features: got null, expected a list of at least two columns"),
    ],
)  # fmt: skip
def test_a_wrong_station_is_reported_in_one_line(tmp_path: Path, station: dict[str, Any], problem: str) -> None:
    assert _problems(tmp_path, **station) == [problem]


def test_a_duplicate_name_or_key_is_reported_even_beside_an_unreadable_column(tmp_path: Path) -> None:
    third = _feature(name="C", key="c_ohm", unit=None, range=[3, 2])
    assert _problems(tmp_path, _feature(), _feature(), third) == [
        'features[2].unit: missing, expected a UCUM code, e.g. "[ppb]"',
        "features[2].range: got [3, 2], expected [low, high] with low < high",
        'features[1].name: got "A", which features[0] has already',
        'features[1].key: got "a_ohm", which features[0] has already',
    ]


def test_a_ratio_with_an_unreadable_key_is_reported_once(tmp_path: Path) -> None:
    ratio = {"of": "a_ohm", "to": "magnus(a_ohm, b_ohm)"}
    assert len(_problems(tmp_path, _feature(), _feature(name="B", key="B ohm"), ratio=ratio)) == 1
