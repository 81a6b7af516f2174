"""Every channel gets its QARTOD flag from the physical range."""

from __future__ import annotations

import math

import numpy as np
import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.quality import flag, worst_flag

STATION = load_station(METHANE)
MIDDLE = [sum(feature.range) / 2 for feature in STATION.features]


def test_a_value_in_the_range_is_good_and_both_ends_belong_to_it() -> None:
    for values in (MIDDLE, [feature.range[0] for feature in STATION.features], [f.range[1] for f in STATION.features]):
        flags = flag(values, STATION)
        assert flags.dtype == np.uint8
        assert flags.tolist() == [1] * 9


@pytest.mark.parametrize("j", range(9))
def test_a_value_outside_the_range_fails_and_a_nan_is_missing(j: int) -> None:
    low, high = STATION.features[j].range
    for value, expected in (
        (math.nextafter(low, -math.inf), 4), (math.nextafter(high, math.inf), 4), (math.inf, 4), (-math.inf, 4),
        (math.nan, 9),
    ):  # fmt: skip
        values = [*MIDDLE[:j], value, *MIDDLE[j + 1 :]]
        assert flag(values, STATION).tolist() == [expected if i == j else 1 for i in range(9)]


def test_many_readings_are_flagged_like_each_alone() -> None:
    rows = np.random.default_rng(1).normal(0, 1e5, (50, 9))
    rows[::7, 3] = np.nan
    together = flag(rows, STATION)
    assert together.tolist() == [flag(row, STATION).tolist() for row in rows]
    assert set(together.ravel().tolist()) == {1, 4, 9}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [([1, 1], 1), ([1, 2], 2), ([2, 9], 9), ([9, 3], 3), ([3, 4], 4), ([4, 9, 3, 2, 1], 4), ([], 1)],
)
def test_the_worst_flag_is_4_before_3_9_2_and_1(flags: list[int], expected: int) -> None:
    assert worst_flag(flags) == expected
