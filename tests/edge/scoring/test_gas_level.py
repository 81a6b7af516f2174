"""Gas levels are in ppb, count when they are flagged high, and exceed by limit or enhancement."""

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

STATION = load_station(METHANE)


def station(unit: str, low: float, high: float) -> Station:
    gas = replace(STATION.features[0], unit=unit, range=(low, high))
    return replace(STATION, features=(gas, *STATION.features[1:]))


def read(levels: list[float], where: Station = STATION) -> list[tuple[float | None, bool]]:
    values = np.full((len(levels), where.size), 20000.0)
    values[:, 0] = levels
    return list(GasLevel(where, 1000.0, None).read(values, flag(values, where)))


def test_a_level_below_the_range_or_missing_is_none_and_one_above_it_still_counts() -> None:
    assert read([2000.0, 999.0, math.nan, 100001.0]) == [
        (2000.0, True),
        (None, False),
        (None, False),
        (100001.0, False),
    ]


def test_levels_are_in_ppb_whatever_the_unit() -> None:
    assert read([4.0], station("[ppm]", 1.0, 100.0)) == [(4000.0, True)]
    assert read([2.0], station("%", 0.0, 100.0)) == [(2e7, True)]
    with pytest.raises(ValueError, match=r"got no gas column in one of \[ppb\]"):
        GasLevel(station("mg/m3", 1.0, 100.0), 1000.0, None)


def test_a_level_exceeds_by_the_limit_before_the_enhancement() -> None:
    gas_level = GasLevel(STATION, 500.0, 5000.0)
    assert [gas_level.exceeded(level, 2000.0) for level in (2499.9, 2500.0, 4999.9, 5000.0)] == [
        None, "enhancement", "enhancement", "limit",
    ]  # fmt: skip
    assert gas_level.exceeded(None, 2000.0) is None


@pytest.mark.parametrize(("unit", "low", "high"), [("[ppb]", 1000.0, 1e5), ("[ppm]", 0.0, 50.0), ("%", 0.0, 100.0)])
def test_the_background_resolves_the_whole_range(unit: str, low: float, high: float) -> None:
    gas_level = GasLevel(station(unit, low, high), 1000.0, None)
    for share in (0.01, 0.5, 1.0):
        background = gas_level.new_background()
        background.push(gas_level.to_ppb(low + share * (high - low)))
        assert background.value == pytest.approx(gas_level.to_ppb(low + share * (high - low)), rel=2e-4)
