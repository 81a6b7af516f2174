"""Recorded shapes of payloads in ../shared/data/payloads, when they are there: every reading has its values."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings.gateway import StationEntry
from config.settings.station import Station
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.listener import Listener
from edge.agent.source import Source
from edge.mqtt.message import Message
from edge.readings.reading import Reading

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "payloads"
STATION: Station = load_station(METHANE)
CLIMATE = ("temperature_c", "humidity_pct")
ABSENT = tuple(key for key in STATION.keys if key not in CLIMATE)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="RECORDED SHAPES ARE NOT TESTED: expected them in ../shared/data/payloads"
)


def entry(**settings: Any) -> StationEntry:
    return StationEntry(bundle="none.davy", **settings)


def climate(topic: str, temperature: str, humidity: str, **settings: Any) -> StationEntry:
    keys = {"temperature_c": temperature, "humidity_pct": humidity}
    return entry(topic=topic, keys=keys, absent=ABSENT, **settings)


def truth() -> list[dict[str, float]]:
    rows = [json.loads(line)["payload"].split(",") for line in (FOLDER / "csv.jsonl").open()]
    return [dict(zip(STATION.keys, map(float, row[1:]), strict=True)) for row in rows]


def stamps() -> list[float]:
    rows = [json.loads(line)["payload"].split(",")[0] for line in (FOLDER / "csv.jsonl").open()]
    return [datetime.fromisoformat(each).timestamp() for each in rows]


def messages(name: str) -> list[tuple[str, bytes]]:
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").open()]
    return [(line["topic"], line["payload"].encode()) for line in lines]


def take(entry: StationEntry, sent: list[tuple[float, str, bytes]]) -> dict[str, list[Reading]]:
    """Readings by station; errors fail the test."""
    listener = Listener([Source(entry, STATION)])
    heard = []
    for at, topic, payload in sent:
        heard += listener.close_due(at)
        heard += listener.take(Message(topic, payload, 1, received=at))
    heard += listener.close_due(math.inf)
    stations: dict[str, list[Reading]] = {}
    for each in heard:
        assert isinstance(each.reading, Reading), each.reading
        stations.setdefault(each.station, []).append(each.reading)
    return stations


def at_once(name: str) -> list[tuple[float, str, bytes]]:
    return [(1_796_005_227.0, topic, payload) for topic, payload in messages(name)]


def live(name: str, parts: int, order: random.Random | None = None) -> list[tuple[float, str, bytes]]:
    """The messages of a reading within a second, a reading a minute."""
    sent = messages(name)
    groups = [sent[i : i + parts] for i in range(0, len(sent), parts)]
    groups = [order.sample(group, parts) if order else group for group in groups]
    return [(at + 0.1 * i, *part) for at, group in zip(stamps(), groups, strict=True) for i, part in enumerate(group)]


def assert_true(readings: list[Reading], digits: dict[str, float], lost: tuple[int, str] | None = None) -> None:
    """Compare with the truth, to the half of each key's last digit."""
    assert len(readings) == 20
    for n, (reading, row) in enumerate(zip(readings, truth(), strict=True)):
        for key, value in zip(STATION.keys, reading.values, strict=True):
            if key not in digits or (n, key) == lost:
                assert math.isnan(value), (n, key)
            else:
                assert value == pytest.approx(row[key], abs=digits[key] / 2 + 1e-6 * row[key]), (n, key)


ESPHOME = entry(topic="{station}/sensor/{key}/state")
HUNDREDTHS = dict.fromkeys(STATION.keys, 0.01)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_esphome_is_joined_in_any_order(seed: int | None) -> None:
    order = None if seed is None else random.Random(seed)
    assert_true(take(ESPHOME, live("esphome", 9, order))["methane-7"], HUNDREDTHS)


def test_esphome_is_joined_from_a_queue_that_comes_at_once() -> None:
    assert_true(take(ESPHOME, at_once("esphome"))["methane-7"], HUNDREDTHS)


@pytest.mark.parametrize("n", [0, 1, 7, 19])
@pytest.mark.parametrize("part", [0, 4, 8])
def test_esphome_with_one_value_lost_is_twenty_readings(n: int, part: int) -> None:
    sent = live("esphome", 9, random.Random(4 + n))
    (lost,) = [i for i, each in enumerate(sent) if each[1:] == messages("esphome")[9 * n + part]]
    readings = take(ESPHOME, sent[:lost] + sent[lost + 1 :])["methane-7"]
    assert_true(readings, HUNDREDTHS, (n, STATION.keys[part]))


@pytest.mark.parametrize("part", range(9))
def test_esphome_from_a_queue_with_one_value_lost_is_twenty_readings(part: int) -> None:
    sent = at_once("esphome")
    del sent[9 * 7 + part]
    assert_true(take(ESPHOME, sent)["methane-7"], HUNDREDTHS, (7, STATION.keys[part]))


@pytest.mark.parametrize("sent", [at_once, lambda name: live(name, 3)], ids=["at once", "live"])
def test_shelly_is_joined_beside_its_events(sent: Any) -> None:
    shelly = climate("{station}/status/{key}", '"temperature:0".tC', '"humidity:0".rh')
    readings = take(shelly, sent("shelly"))["shellyhtg3-aabbccddee01"]
    assert_true(readings, {"temperature_c": 0.1, "humidity_pct": 0.2})


def test_zigbee2mqtt_is_read_with_its_friendly_names() -> None:
    stations = take(climate("zigbee2mqtt/{station}", "temperature", "humidity"), at_once("zigbee2mqtt"))
    assert_true(stations["garden_air"], {"temperature_c": 0.01, "humidity_pct": 0.05})
    (other,) = stations["Garden_Air_2"]
    assert other.values[2:4] == (20.1, 50.1)


def test_chirpstack_has_a_name_with_blanks() -> None:
    keys = {key: f"object.{key}" for key in STATION.keys} | {"ts": "time"}
    chirpstack = entry(topic="application/+/device/+/event/up", station_from="deviceInfo.deviceName", keys=keys)
    assert_true(take(chirpstack, at_once("chirpstack-v4"))["well_pad_7"], HUNDREDTHS)


def test_purpleair_is_named_by_its_payload() -> None:
    keys = {"temperature_c": "current_temp_f", "humidity_pct": "current_humidity", "ts": "DateTime"}
    purpleair = entry(
        topic="purpleair/+", station_from="SensorId", keys=keys, absent=ABSENT, units={"temperature_c": "F"}
    )
    stations = take(purpleair, at_once("purpleair"))
    assert_true(stations["84:f3:eb:aa:bb:cc"], {"temperature_c": 1 / 1.8, "humidity_pct": 1.0})


@pytest.mark.parametrize("shift", [0.0, 2.5, 35.0])
def test_theengs_is_joined_with_a_gas_board(shift: float) -> None:
    """A board that has no climate sensor, and a BLE sensor that comes at the same time, later, or in between."""
    keys = {"temperature_c": "tempc", "humidity_pct": "hum"}
    joined = entry(topic=["pad/gas", "home/TheengsGateway/BTtoMQTT/A4C138AABB01"], station="pad", keys=keys)
    gas = [{key: value for key, value in row.items() if key not in CLIMATE} for row in truth()]
    sent = [(at, "pad/gas", json.dumps(row).encode()) for at, row in zip(stamps(), gas, strict=True)]
    sent += [(at + shift, *each) for at, each in zip(stamps(), messages("theengs"), strict=True)]
    listener = Listener([Source(joined, STATION)])
    heard = []
    for at, topic, payload in sorted(sent):
        heard += listener.close_due(at)
        heard += listener.take(Message(topic, payload, 1, received=at))
    heard += listener.close_due(math.inf)
    readings = [each.reading for each in heard if isinstance(each.reading, Reading)]
    ch4 = [reading.values[0] for reading in readings if not math.isnan(reading.values[0])]
    assert ch4 == [row["ch4_ppb"] for row in truth()]
    if shift < 10.0:
        assert_true(readings, dict.fromkeys(STATION.keys, 1e-6) | {"temperature_c": 0.01, "humidity_pct": 0.05})
    else:  # the value before is held
        assert sum(math.isnan(value) for reading in readings for value in reading.values[2:4]) <= 4 * 2
