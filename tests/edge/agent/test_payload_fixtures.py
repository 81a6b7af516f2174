"""What stations of many kinds really send is read: each of twenty readings, exact to the digits that were sent."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from config.settings.gateway import StationEntry
from config.settings.unit_settings import UnitSettings
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.source import Source
from edge.agent.station_input import StationInput
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.readings.reading import Reading

STATION = load_station(METHANE)
KEYS = STATION.keys
FOLDER = Path(__file__).parents[4] / "shared" / "data" / "payloads"
START = 1_796_005_227.0  # [s] of the first reading; one comes every minute
CLIMATE = ("temperature_c", "humidity_pct")
SENSORS = ("r2611e_ohm", "r2600_ohm", "r2602_ohm", "r2611c_ohm", "rmq4_ohm")

Row = dict[str, float]
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the payloads of real stations are not there (expected {FOLDER})"
)


def lines(name: str) -> list[tuple[str, bytes]]:
    """Read (topic, payload) of a fixture."""
    found = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(each["topic"], each["payload"].encode()) for each in found]


def truth() -> list[Row]:
    """Read the twenty readings with all digits."""
    rows = [payload.decode().split(",")[1:] for _, payload in lines("csv")]
    return [dict(zip(KEYS, map(float, row), strict=True)) for row in rows]


def entry(topic: str | tuple[str, ...], only: Iterable[str] = KEYS, **settings: Any) -> StationEntry:
    wanted = set(only)
    return StationEntry(
        bundle="b.davy", topic=topic, absent=tuple(key for key in KEYS if key not in wanted), **settings
    )


def read(entry: StationEntry, messages: Sequence[tuple[str, bytes]]) -> dict[str, list[Reading]]:
    """Read messages as the agent does; returns the readings of each station."""
    source = Source(entry, STATION)
    inputs: dict[str, StationInput] = {}
    found: dict[str, list[Reading]] = {}
    per_reading = len(messages) / 20
    now = START
    for number, (topic, payload) in enumerate(messages):
        if source.pattern_of(topic) is None:
            continue
        now = START + 60.0 * (number // per_reading) + number % per_reading * 0.1
        message = Message(topic, payload, qos=1, retain=False, mid=number, connection=1, received=now)
        for share in source.shares(message):
            own = inputs.setdefault(share.name, StationInput(share.name, source))
            for taken in own.close_due(now) + own.take(share.documents, message, number):
                assert not isinstance(taken.reading, ReadingError), taken.reading
                found.setdefault(share.name, []).append(taken.reading)
    for name, own in inputs.items():
        for taken in own.close_due(now + 3600):
            assert not isinstance(taken.reading, ReadingError), taken.reading
            found.setdefault(name, []).append(taken.reading)
        assert not {note for note in own.decoder.notes if note != "remark"}
    return found


def rounded(digits: int, **others: int) -> Callable[[Row], Row]:
    """Return what rounds a row as a device does."""
    return lambda row: {key: round(value, others.get(key, digits)) for key, value in row.items()}


def counted(row: Row) -> Row:
    """Return the row as a converter of 0.1875 mV a count sees it: 5 V over 10 kOhm in series with each sensor."""
    counts = {key: round(5 * 10_000 / (row[key] + 10_000) / 0.1875e-3) for key in SENSORS}
    ohms = {key: 10_000 * (5 - each * 0.1875e-3) / (each * 0.1875e-3) for key, each in counts.items()}
    return ohms | {key: round(row[key], 1) for key in CLIMATE}


def fahrenheit(row: Row) -> Row:
    return {
        "temperature_c": (round(1.8 * row["temperature_c"] + 32) - 32) / 1.8,
        "humidity_pct": float(round(row["humidity_pct"])),
    }


def paths(prefix: str, **others: str) -> dict[str, str]:
    return {key: prefix + key for key in KEYS} | others


DIVIDER = UnitSettings(counts=32767, reference=0.1875e-3 * 32767, load_ohm=10_000, supply=5.0)
CASES: dict[str, tuple[StationEntry, str, Callable[[Row], Row]]] = {
    "csv": (entry("sensors/{station}/csv", format="csv", columns=("ts", *KEYS)), "st-csv", dict),
    "influx-line": (entry("telegraf/+/methane", station_from="tags.station"), "st-7", dict),
    "senml": (
        entry("sensors/{station}/senml", keys={key: key.rsplit("_", 1)[0] for key in KEYS}),
        "st-senml",
        lambda row: row | {"ch4_ppb": 1000 * round(row["ch4_ppb"] / 1000, 4)},
    ),
    "milliseconds": (entry("sensors/{station}/readings"), "st-ms", rounded(2)),
    "numbers-as-strings": (entry("sensors/{station}/readings"), "st-str", rounded(2)),
    "telegraf-json": (
        entry("telegraf/{station}/json", keys=paths("fields.", ts="timestamp")), "st-8", rounded(2),
    ),
    "ttn-v3": (
        entry("v3/+/devices/{station}/up", keys=paths("uplink_message.decoded_payload.", ts="received_at")),
        "eui-70b3d57ed0066872",
        rounded(2),
    ),
    "chirpstack-v4": (
        entry("application/+/device/{station}/event/up", keys=paths("object.", ts="time")),
        "0102030405060708",
        rounded(2),
    ),
    "tasmota": (
        entry(
            "tele/{station}/SENSOR",
            (*CLIMATE, *SENSORS),
            keys={"ts": "Time", "temperature_c": "SHT3X.Temperature", "humidity_pct": "SHT3X.Humidity"}
            | {key: f"ADS1115-48.A{i}" for i, key in enumerate(SENSORS[:4])}
            | {SENSORS[4]: "ADS1115-49.A0"},
            units=dict.fromkeys(SENSORS, DIVIDER),
        ),
        "methane-7",
        counted,
    ),
    "purpleair": (
        entry(
            "purpleair/+", CLIMATE, station_from="SensorId", units={"temperature_c": "degF"},
            keys={"ts": "DateTime", "temperature_c": "current_temp_f", "humidity_pct": "current_humidity"},
        ),
        "84:f3:eb:aa:bb:cc",
        fahrenheit,
    ),
    "theengs": (
        entry("home/+/BTtoMQTT/{station}", CLIMATE, keys={"temperature_c": "tempc", "humidity_pct": "hum"}),
        "A4C138AABB01",
        rounded(2),
    ),
    "airgradient": (
        entry("airgradient/readings/{station}", CLIMATE, keys={"temperature_c": "atmp", "humidity_pct": "rhum"}),
        "84fce612f5b8",
        rounded(2),
    ),
    "zigbee2mqtt": (
        entry(
            "zigbee2mqtt/{station}", CLIMATE,
            keys={"temperature_c": "temperature", "humidity_pct": "humidity", "ts": "last_seen"},
        ),
        "garden_air",
        rounded(2),
    ),
    "shelly": (
        entry(
            "{station}/status/{key}", CLIMATE,
            keys={"temperature_c": '"temperature:0".tC', "humidity_pct": '"humidity:0".rh'},
        ),
        "shellyhtg3-aabbccddee01",
        rounded(1),
    ),
    "esphome": (entry("{station}/sensor/{key}/state"), "methane-7", rounded(2)),
}  # fmt: skip
"""Entry, name of the station, and what its device makes of the truth."""


def check(found: Sequence[Reading], sent: Callable[[Row], Row], only: StationEntry) -> None:
    assert len(found) == 20
    for reading, row in zip(found, truth(), strict=True):
        expected = {key: value for key, value in sent(row).items() if key not in only.absent}
        got = {key: value for key, value in zip(KEYS, reading.values, strict=True) if not math.isnan(value)}
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_every_reading_of_a_station_is_read(name: str) -> None:
    only, station, sent = CASES[name]
    messages = lines(name)
    found = read(only, messages)
    check(found[station], sent, only)
    stamped = [reading.ts for reading in found[station] if reading.ts is not None]
    assert not stamped or stamped == pytest.approx([START + 60.0 * i for i in range(20)], abs=1.0)
    assert found.keys() - {station} <= {"Garden Air 2"}


def test_parts_may_come_in_any_order_and_one_may_be_lost() -> None:
    only, station, sent = CASES["esphome"]
    messages = lines("esphome")
    shuffler = random.Random(5)
    mixed = [each for i in range(0, 180, 9) for each in shuffler.sample(messages[i : i + 9], 9)]
    check(read(only, mixed)[station], sent, only)
    lost = [(topic, payload if number != 94 else b"") for number, (topic, payload) in enumerate(messages)]
    lost[94] = ("methane-7/sensor/uptime/state", b"5")
    found = read(only, lost)[station]
    assert len(found) == 20
    assert [sum(map(math.isnan, reading.values)) for reading in found] == [int(i == 10) for i in range(20)]
