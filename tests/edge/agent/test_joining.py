"""Readings whose parts come in several messages: joined, flagged, acknowledged and recovered."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from edge.agent import stations
from tests.edge.agent.agents import TOPICS
from tests.edge.agent.parted_field import PERIOD, Field, parts, reading

BOARDS: dict[str, Any] = {
    "topic": ("gas/readings", "ble/climate"),
    "station": "pad",
    "keys": {"temperature_c": "tempc", "humidity_pct": "hum"},
}
CLIMATE = ("temperature_c", "humidity_pct")


boards = pytest.mark.parametrize("field", [BOARDS], indirect=True)


def gas(n: int) -> tuple[str, Any]:
    return "gas/readings", {key: value for key, value in reading(n).items() if key not in CLIMATE}


def climate(n: int) -> tuple[str, Any]:
    return "ble/climate", {"tempc": reading(n)["temperature_c"], "hum": reading(n)["humidity_pct"], "rssi": -70}


def test_one_topic_for_each_value_gives_whole_readings(field: Field) -> None:
    for n in range(6):
        for i, part in enumerate(parts(n)):
            field.send(PERIOD * n + 0.2 * i, part)
    assert field.values("hut") == [reading(n) for n in range(6)]
    assert [score["flags"] for score in field.scores("hut")] == [{}] * 6
    assert field.acknowledged == list(range(1, 55))


def test_the_order_of_the_parts_does_not_matter(field: Field) -> None:
    order = random.Random(3)
    for n in range(6):
        field.send(PERIOD * n, *order.sample(parts(n), 9))
    assert field.values("hut") == [reading(n) for n in range(6)]


def test_a_queue_that_comes_at_once_is_as_many_readings(field: Field) -> None:
    field.send(0.0, *[part for n in range(14) for part in parts(n, without=["ch4_ppb"] if n == 9 else ())])
    values = field.values("hut")
    assert len(values) == 14
    assert [n for n, each in enumerate(values) if math.isnan(each["ch4_ppb"])] == [9]
    assert values[13] == reading(13)


def test_a_lost_part_is_flagged_when_the_window_has_passed_and_no_sooner(field: Field) -> None:
    for n in range(3):
        field.send(PERIOD * n, *parts(n, without=["r2600_ohm"] if n == 2 else ()))
    assert field.link.waits[-1] <= 10.0
    field.wait(PERIOD * 2 + 9.9)
    assert len(field.scores("hut")) == 2
    field.wait(PERIOD * 2 + 10.1)
    assert field.scores("hut")[2]["flags"] == {"r2600_ohm": 9}
    assert field.acknowledged == list(range(1, 27))


def test_a_part_is_acknowledged_with_its_reading_and_holds_back_what_came_after(field: Field) -> None:
    first, *rest = parts(0)
    field.send(0.0, *parts(0, station="other"))
    field.send(1.0, first)
    field.send(2.0, *parts(0, station="third"))
    assert field.acknowledged == list(range(1, 10))
    assert len(field.scores("third")) == 1
    field.send(3.0, *rest)
    assert field.acknowledged == list(range(1, 28))


@boards
def test_climate_on_one_topic_beside_gas_on_another_is_one_station(field: Field) -> None:
    for n in range(5):
        field.send(PERIOD * n, climate(n), gas(n)) if n % 2 else field.send(PERIOD * n, gas(n), climate(n))
    assert field.values("pad") == [reading(n) for n in range(5)]


@boards
def test_slow_climate_neither_delays_nor_loses_gas_and_is_held(field: Field) -> None:
    for n in range(90):
        field.send(10.0 * n, gas(n))
        if n % 30 == 0:
            field.send(10.0 * n + 3.0, climate(n))
    assert len(field.scores("pad")) == 90
    values = field.values("pad")
    assert [each["ch4_ppb"] for each in values] == [reading(n)["ch4_ppb"] for n in range(90)]
    assert values[25]["temperature_c"] == reading(0)["temperature_c"]
    assert values[65]["humidity_pct"] == reading(60)["humidity_pct"]
    assert sum(math.isnan(each["temperature_c"]) for each in values) <= 2


@boards
def test_a_climate_sensor_that_falls_silent_is_held_for_its_own_interval_and_no_longer(field: Field) -> None:
    for n in range(120):
        field.send(10.0 * n, gas(n))
        if n % 12 == 0 and n < 60:
            field.send(10.0 * n + 3.0, climate(n))
    values = field.values("pad")
    assert not math.isnan(values[60]["temperature_c"])
    assert all(math.isnan(each["temperature_c"]) for each in values[68:])
    assert not any(math.isnan(each["ch4_ppb"]) for each in values)


@boards
def test_each_document_may_be_sent_twice(field: Field) -> None:
    for n in range(8):
        field.send(PERIOD * n, climate(n), climate(n), gas(n), gas(n))
    assert field.values("pad") == [reading(n) for n in range(8)]


def test_a_station_above_the_limit_is_refused_when_its_reading_is_closed(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.send(0.0, *parts(0, station="one")[:6], *parts(0, station="two")[:6])
    monkeypatch.setattr(stations, "MOST_STATIONS", 1)
    field.wait(11.0)
    assert len(field.scores("one")) == 1
    (letter,) = field.link.on(TOPICS.deadletter)
    assert "'two' is one more than the limit" in letter["reason"]
