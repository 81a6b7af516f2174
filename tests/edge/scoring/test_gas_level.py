"""Gas levels are in the unit of their column, count when flagged high, and exceed by limit or enhancement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.quality import flag
from edge.scoring.gas_level import GasLevel
from edge.scoring.gas_unit import GasUnit

STATION = load_station(METHANE)


def station(unit: str, low: float, high: float) -> Station:
    gas = replace(STATION.features[0], unit=unit, range=(low, high))
    return replace(STATION, features=(gas, *STATION.features[1:]))


def gas_level(where: Station, enhancement: float = 1000.0, limit: float | None = None) -> GasLevel:
    return GasLevel(where, GasUnit(where.units[0], where.features[0].range[1] / 50), enhancement, limit)


def read(levels: list[float], where: Station = STATION) -> list[tuple[float | None, bool]]:
    values = np.full((len(levels), where.size), 20000.0)
    values[:, 0] = levels
    return list(gas_level(where).read(values, flag(values, where)))


def test_a_level_below_the_range_or_missing_is_none_and_one_above_it_still_counts() -> None:
    assert read([2000.0, 999.0, math.nan, 100001.0]) == [
        (2000.0, True),
        (None, False),
        (None, False),
        (100001.0, False),
    ]


@pytest.mark.parametrize("unit", ["[ppm]", "%", "mg/m3", "furlong"])
def test_levels_are_in_the_unit_of_the_column_whatever_that_is(unit: str) -> None:
    where = station(unit, 1.0, 100.0)
    assert read([4.0, 0.5, math.nan, 103.25], where) == [(4.0, True), (None, False), (None, False), (103.25, False)]
    judge = gas_level(where, 2.5, 50.0)
    assert [judge.exceeded(level, 1.5) for level in (3.9, 4.0, 49.9, 103.25)] == [
        None, "enhancement", "enhancement", "limit",
    ]  # fmt: skip
    assert [judge.clears(level, 1.5) for level in (3.7, 3.8, 103.25)] == [True, False, False]


def test_a_station_without_a_gas_column_has_no_level() -> None:
    without = replace(STATION, features=STATION.features[1:], ratio=None)
    with pytest.raises(ValueError, match="methane: got no gas column"):
        GasLevel(without, GasUnit("[ppb]", 2000.0), 1000.0, None)


def test_a_level_exceeds_by_the_limit_before_the_enhancement() -> None:
    judge = gas_level(STATION, 500.0, 5000.0)
    assert [judge.exceeded(level, 2000.0) for level in (2499.9, 2500.0, 4999.9, 5000.0)] == [
        None, "enhancement", "enhancement", "limit",
    ]  # fmt: skip
    assert judge.exceeded(None, 2000.0) is None


@pytest.mark.parametrize(("unit", "low", "high"), [("[ppb]", 1000.0, 1e5), ("mg/m3", 0.0, 50.0), ("%", 0.0, 100.0)])
def test_the_background_resolves_the_whole_range(unit: str, low: float, high: float) -> None:
    for share in (0.01, 0.5, 1.0):
        background = gas_level(station(unit, low, high)).new_background()
        background.push(low + share * (high - low))
        assert background.value == pytest.approx(low + share * (high - low), rel=2e-4)
