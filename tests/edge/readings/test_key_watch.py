"""Keys that never come are named, with what they may be."""

from __future__ import annotations

from typing import Any

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.key_watch import KeyWatch

STATION = load_station(METHANE)
CLIMATE = ("temperature_c", "humidity_pct")
ABSENT = [key for key in STATION.keys if key not in CLIMATE]


def problem(keys: dict[str, str], *documents: Any) -> str | None:
    watch = KeyWatch(STATION, keys, ABSENT)
    for document in documents:
        watch.look(document)
    return watch.problem()


@pytest.mark.parametrize(
    ("keys", "document", "fix"),
    [
        ({}, {"Temperature": 20.5, "humidity_pct": 50}, "write keys: {temperature_c: Temperature}"),
        ({}, {"air": {"humidity": 51.0}, "temperature_c": 20}, "write keys: {humidity_pct: air.humidity}"),
        (
            {"humidity_pct": "AIR.H.rel"},
            {"AIR": {"H.rel": "51.5", "P": 1}, "temperature_c": 20},
            "write keys: {humidity_pct: 'AIR.\"H.rel\"'}",
        ),
        (
            {"temperature_c": "values[2]"},
            {"values": [20.0, 50.0], "humidity_pct": 5, "note": "x"},
            "write keys: {temperature_c: 'values[",
        ),
        ({"ts": "tiem"}, {"time": "2026-01-01T00:00:00Z", **dict.fromkeys(CLIMATE, 1)}, "write keys: {ts: time}"),
    ],
    ids=["case", "nested", "dots", "array", "stamp"],
)
def test_the_nearest_match_is_what_to_write(keys: dict[str, str], document: Any, fix: str) -> None:
    found = problem(keys, document)
    assert found is not None
    assert "never came; the payload has " in found
    assert fix in found


def test_what_is_like_nothing_is_named_with_what_came() -> None:
    found = problem({}, {"x1": 4, "rssi": -70, "humidity_pct": 50})
    assert found == (
        "temperature_c never came; the payload has x1, rssi; "
        "fix: name the place under keys, or what the station never sends under absent"
    )


def test_two_keys_are_never_the_same_member() -> None:
    found = problem({"temperature_c": "t.value", "humidity_pct": "h.value"}, {"value": 4.0})
    assert found is not None
    assert found.count("write keys") == 1


def test_keys_that_come_now_and_then_or_are_missing_values_have_come() -> None:
    assert problem({}, {"temperature_c": None}, {"humidity_pct": "unavailable"}) is None


def test_a_stamp_that_nobody_mapped_may_stay_away() -> None:
    assert problem({}, dict.fromkeys(CLIMATE, 1)) is None
    assert problem({"seq": "count"}, dict.fromkeys(CLIMATE, 1)) == (
        "count (seq) never came; the payload has nothing else; fix: correct the address under keys, or leave it out"
    )


def test_a_key_that_came_once_may_stay_away_and_one_that_comes_late_is_right() -> None:
    watch = KeyWatch(STATION, {}, ABSENT)
    watch.look({"temperature_c": 1})
    found = watch.problem()
    assert found is not None
    assert found.startswith("humidity_pct never came")
    watch.look({"humidity_pct": 1})
    assert watch.problem() is None
    watch.look({})
    assert watch.problem() is None
