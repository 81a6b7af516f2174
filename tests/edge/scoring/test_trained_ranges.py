"""A channel in another unit is named with the line to write; another season, sensor or leak is not taken for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from config.settings.station import Feature, Station
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.models.scaler import Scaler
from edge.moisture import magnus
from edge.scoring.trained_channel import TrainedChannel
from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.unit_doubt import UnitDoubt
from edge.simulation.simulator import simulate_chamber

GAS, WATER, WARM, HUMID = range(4)
SENSORS = (4, 5, 6, 7, 8)
Change = Callable[[Floats], Floats]


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


@pytest.fixture(scope="module")
def ranges(bundle: Bundle) -> TrainedRanges:
    return TrainedRanges(bundle.scoring(), bundle.station)


@pytest.fixture(scope="module")
def rows() -> Floats:
    """Readings of board 2; the bundle was trained on board 1."""
    return np.asarray(simulate_chamber(3000, seed=5, board=2), dtype=np.float64)


def changed(rows: Floats, columns: Sequence[int], change: Change) -> Floats:
    copy = rows.copy()
    copy[:, list(columns)] = change(copy[:, list(columns)])
    return copy


def counts(full: float, reference: float) -> Change:
    return lambda ohm: np.round(full / reference * 5 * 1e4 / (1e4 + ohm))


@pytest.mark.parametrize("readings", [1, 5, 20])
def test_another_board_in_the_right_units_raises_no_doubt(ranges: TrainedRanges, rows: Floats, readings: int) -> None:
    assert [ranges.doubt(rows[i : i + readings]) for i in range(0, len(rows) - readings, 40)] == [None] * len(
        range(0, len(rows) - readings, 40)
    )


@pytest.mark.parametrize("readings", [1, 20])
@pytest.mark.parametrize(
    ("columns", "change", "line"),
    [
        ([WARM], lambda cel: cel * 1.8 + 32, "{temperature_c: degF}"),
        ([WARM], lambda cel: cel + 273.15, "{temperature_c: K}"),
        ([WARM], lambda cel: cel * 100, "{temperature_c: {factor: 0.01}}"),
        ([GAS], lambda ppb: ppb / 1e3, "{ch4_ppb: ppm}"),
        ([GAS], lambda ppb: ppb / 1e7, '{ch4_ppb: "%"}'),
        ([GAS], lambda ppb: ppb / 1525, "{ch4_ppb: mg/m3}|{ch4_ppb: ppm}"),
        ([WATER], lambda ppm: ppm / 1e4, '{h2o_ppm: "%"}'),
        ([WATER], lambda ppm: ppm / 1358, "{h2o_ppm: g/m3}"),
        ([HUMID], lambda percent: percent / 100, '{humidity_pct: "1"}'),
        (SENSORS, lambda ohm: ohm / 1e3, "{r2611e_ohm: kOhm, r2600_ohm: kOhm, r2602_ohm: kOhm, r2611c_ohm: kOhm, "),
        (SENSORS, lambda ohm: ohm / 1e6, "{r2611e_ohm: MOhm, r2600_ohm: MOhm, "),
        ([6], lambda ohm: ohm / 1e3, "{r2602_ohm: kOhm}"),
        (SENSORS, counts(32768, 6.144), "{r2611e_ohm: {counts: 32768, reference: 6.144, load_ohm: 10000, supply: 5.0}"),
        (SENSORS, counts(4095, 5), "{r2611e_ohm: {counts: 4095, load_ohm: 10000, supply: 5.0}}"),
        (SENSORS, counts(1023, 5), "{r2611e_ohm: {counts: 1023, load_ohm: 10000, supply: 5.0}}"),
        (SENSORS, lambda ohm: 5000 * 1e4 / (1e4 + ohm), "{unit: mV, load_ohm: 10000, supply: 5.0}}"),
    ],
)
def test_another_unit_is_named_with_the_line_to_write(
    ranges: TrainedRanges, rows: Floats, columns: Sequence[int], change: Change, line: str, readings: int
) -> None:
    wrong = changed(rows, columns, change)
    for i in range(0, len(rows) - readings, 300):
        doubt = ranges.doubt(wrong[i : i + readings])
        assert doubt is not None, i
        assert set(doubt.keys) == {("ch4_ppb", "h2o_ppm", "temperature_c", "humidity_pct", "r2611e_ohm", "r2600_ohm",
                                    "r2602_ohm", "r2611c_ohm", "rmq4_ohm")[j] for j in columns}  # fmt: skip
        assert any(f"fix: units: {each}" in doubt.sentence or each in doubt.sentence for each in line.split("|"))
        assert "in this station's entry of gateway.yaml" in doubt.sentence


def test_counts_of_sensors_are_said_with_their_values(ranges: TrainedRanges, rows: Floats) -> None:
    doubt = ranges.doubt(changed(rows[:20], SENSORS, counts(32768, 6.144)))
    assert doubt is not None
    assert re.search(r"[\d,]+ to [\d,]+ is not what .* look like counts of a converter, or another sensor", doubt[1])


def test_several_channels_in_other_units_are_all_named(ranges: TrainedRanges, rows: Floats) -> None:
    wrong = changed(changed(rows[:20], [WARM], lambda cel: cel * 1.8 + 32), [GAS], lambda ppb: ppb / 1000)
    doubt = ranges.doubt(wrong)
    assert doubt is not None
    assert doubt.keys == ("ch4_ppb", "temperature_c")
    assert "units: {" in doubt.sentence
    assert "ch4_ppb: ppm" in doubt.sentence
    assert "temperature_c: degF" in doubt.sentence


def test_fahrenheit_within_the_trained_degrees_is_found_by_the_moisture(ranges: TrainedRanges, rows: Floats) -> None:
    winter = rows[:20].copy()
    winter[:, WARM] -= winter[:, WARM].mean() - 10
    winter[:, WATER] = magnus(winter[:, WARM], winter[:, HUMID])
    assert ranges.doubt(winter) is None
    doubt = ranges.doubt(changed(winter, [WARM], lambda cel: cel * 1.8 + 32))
    assert doubt is not None
    assert "units: {temperature_c: degF}" in doubt.sentence


@pytest.mark.parametrize("cel", [-25.0, 0.0, 38.0, 47.0])
@pytest.mark.parametrize("percent", [12.0, 97.0])
def test_another_season_is_no_unit(ranges: TrainedRanges, rows: Floats, cel: float, percent: float) -> None:
    season = rows[:20].copy()
    season[:, WARM], season[:, HUMID] = cel, percent
    season[:, WATER] = magnus(season[:, WARM], season[:, HUMID])
    assert ranges.doubt(season) is None


@pytest.mark.parametrize("ppb", [9000.0, 30_000.0, 90_000.0])
def test_a_leak_is_no_unit(ranges: TrainedRanges, rows: Floats, ppb: float) -> None:
    assert ranges.doubt(changed(rows[:20], [GAS], lambda _: np.full((20, 1), ppb))) is None


def test_missing_values_are_not_judged(ranges: TrainedRanges, rows: Floats) -> None:
    gone = changed(rows[:20], [WARM, *SENSORS], lambda values: values * np.nan)
    assert ranges.doubt(gone) is None
    few = changed(rows[:20], [WARM], lambda cel: cel * 1.8 + 32)
    few[5:, WARM] = np.nan
    assert ranges.doubt(few) is None


def test_one_good_reading_among_the_others_is_no_doubt(ranges: TrainedRanges, rows: Floats) -> None:
    mixed = rows[:20].copy()
    mixed[1:, WARM] = mixed[1:, WARM] * 1.8 + 32
    assert ranges.doubt(mixed) is None


def test_what_no_unit_explains_is_named_as_a_fault(ranges: TrainedRanges, rows: Floats) -> None:
    doubt = ranges.doubt(changed(rows[:20], [WARM], lambda cel: cel * 0 - 127))
    assert doubt is not None
    assert doubt.sentence.startswith("temperature_c: -127 is not what the bundle was trained on (")
    assert "no known unit explains it: a fault?" in doubt.sentence


def test_no_other_unit_is_guessed_where_the_column_s_own_is_declared(bundle: Bundle, rows: Floats) -> None:
    ranges = TrainedRanges(bundle.scoring(), bundle.station, {"temperature_c": "Cel"})
    doubt = ranges.doubt(changed(rows[:20], [WARM], lambda cel: cel + 273.15))
    assert doubt is not None
    assert "although its unit is declared: is that one right?" in doubt.sentence


@pytest.mark.parametrize(
    ("key", "declared", "change", "line"),
    [
        ("temperature_c", "degF", lambda cel: (cel - 32) / 1.8, "{temperature_c: Cel}"),
        ("temperature_c", "K", lambda cel: cel - 273.15, "{temperature_c: Cel}"),
        ("temperature_c", "K", lambda cel: cel * 1.8 + 32 - 273.15, "{temperature_c: degF}"),
        ("ch4_ppb", "ppm", lambda ppb: ppb * 1000, '{ch4_ppb: "[ppb]"}'),
        ("r2600_ohm", "kOhm", lambda ohm: ohm * 1000, "{r2600_ohm: Ohm}"),
        ("r2600_ohm", "kOhm", lambda ohm: ohm / 1000, "{r2600_ohm: MOhm}"),
    ],
)
def test_a_wrong_declaration_is_named_with_the_right_one(
    bundle: Bundle, rows: Floats, key: str, declared: str, change: Change, line: str
) -> None:
    ranges = TrainedRanges(bundle.scoring(), bundle.station, {key: declared})
    assert ranges.doubt(rows[:20]) is None
    doubt = ranges.doubt(changed(rows[:20], [bundle.station.keys.index(key)], change))
    assert doubt is not None
    assert f"fix: units: {line}" in doubt.sentence


def test_a_station_without_gas_is_judged_as_well(bundle: Bundle, rows: Floats) -> None:
    ranges = TrainedRanges(bundle.scoring(absent=True), bundle.station)
    absent = changed(rows[:20], [GAS], lambda ppb: ppb * np.nan)
    assert ranges.doubt(absent) is None
    doubt = ranges.doubt(changed(absent, SENSORS, lambda ohm: ohm / 1000))
    assert isinstance(doubt, UnitDoubt)
    assert len(doubt.keys) == 5


# ---- other stations --------------------------------------------------------------------------------------------------


def channel(unit: str, low: float, high: float, role: str = "environment", scale: str = "linear") -> TrainedChannel:
    feature = Feature(name="x", key="x", unit=unit, role=role, scale=scale, range=(0, 2e5))  # type: ignore[arg-type]
    station = Station(name="s", features=(feature, Feature(name="y", key="y", unit="1", role="sensor", range=(0, 1))))
    middle = (low + high) / 2
    return TrainedChannel(station, "x", (low, high) if role != "sensor" else None, middle, (high - low) / 8)


@pytest.mark.parametrize(
    ("column", "low", "high", "number", "setting"),
    [
        ("hPa", 990, 1030, 101_300, "Pa"),
        ("hPa", 990, 1030, 101.3, "kPa"),
        ("hPa", 990, 1030, 1.013, "bar"),
        ("hPa", 990, 1030, 760, "mmHg"),
        ("Pa", 99_000, 103_000, 1013, "hPa"),
        ("1", 99_000, 103_000, 1013, "{factor: 100}"),
        ("1", 12, 16, 57, "{factor: 0.5555556, offset: -17.77778}"),
        ("[degF]", 50, 80, 288, "K"),
        ("km/h", 2, 20, 0.9, None),
        ("hPa", 990, 1030, 960, None),
        ("hPa", 1010, 1016, 985, None),
    ],
)
def test_units_of_other_columns(column: str, low: float, high: float, number: float, setting: str | None) -> None:
    found = channel(column, low, high).likely_units(np.full(20, float(number)))
    assert [unit.setting for unit in found[:1]] == ([] if setting is None else [setting])


def test_a_linear_sensor_about_zero_is_not_divided_until_it_fits() -> None:
    sensor = channel("mV", -2, 6, role="sensor")
    assert sensor.likely_units(np.full(20, 31.0)) == []
    assert [unit.setting for unit in sensor.likely_units(np.full(20, 2100.0))] == ["uV"]


def test_the_real_records_of_three_stations_raise_no_doubt(record_folder: Path) -> None:
    first = np.genfromtxt(record_folder / "station-1.csv", delimiter=",", skip_header=1)
    station = _methane()
    scaler = _fitted(first[:8000], station)
    domain = {key: (first[:8000, i].min(), first[:8000, i].max()) for i, key in enumerate(station.keys[:4])}
    channels = _Model(station.keys, scaler, domain)
    ranges = TrainedRanges(channels, station)  # type: ignore[arg-type]
    for number in (1, 2, 3):
        rows = np.genfromtxt(record_folder / f"station-{number}.csv", delimiter=",", skip_header=1)
        assert not any(ranges.doubt(rows[i : i + 20]) for i in range(0, len(rows) - 20, 60))


class _Model:
    """What :class:`TrainedRanges` reads of a scoring model."""

    def __init__(self, keys: tuple[str, ...], scaler: Scaler, domain: dict[str, tuple[float, float]]) -> None:
        self.keys, self.scaler, self.domain = keys, scaler, domain


def _methane() -> Station:
    from config.templates.templates import METHANE
    from config.yaml.load import load_station

    return load_station(METHANE)


def _fitted(rows: Floats, station: Station) -> Scaler:
    is_log = [feature.scale == "log" for feature in station.features]
    levels = np.where(is_log, np.log(np.maximum(rows, 1e-3)), rows)
    scales = tuple(feature.scale for feature in station.features)
    floors = tuple(1e-3 if log else 0.0 for log in is_log)
    return Scaler(scale=scales, floor=floors, mean=tuple(levels.mean(axis=0)), std=tuple(levels.std(axis=0)))
