"""Which topics belong together, and which level or which text names the station."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge.sniffing.recogniser import Recognised, recognise
from tests.edge.sniffing.stations import STATIONS, as_messages


def recognised(*sent: tuple[str, Any], times: int = 6) -> Recognised:
    """Recognise messages whose numbers change from time to time."""
    messages = []
    for i in range(times):
        for topic, body in sent:
            moved = {key: value + i * i if isinstance(value, float) else value for key, value in body.items()}
            messages.append((topic, json.dumps(moved).encode()))
    return recognise(as_messages(messages))


CLIMATE = {"temperature": 20.5, "humidity": 50.5}


@pytest.mark.parametrize(
    ("name", "topics", "station_from"),
    [
        ("esphome", ["{station}/sensor/{key}/state"], None),
        ("tasmota", ["tele/{station}/SENSOR"], None),
        ("ttn", ["v3/wells@ttn/devices/{station}/up"], None),
        ("chirpstack", ["application/c0ffee/device/{station}/event/up"], None),
        ("senml", ["lab/{station}/senml"], None),
        ("influx", ["telegraf/metrics"], "tags.station"),
        ("pairs", ["community/air"], "esp8266id"),
        ("two_topics", ["farm/{station}/climate", "farm/{station}/gas"], None),
        ("parts_on_one_topic", ["field/{station}/data"], None),
        ("texts_with_units", ["openhab/out/{key}/state"], None),
    ],
)
def test_topics_become_patterns(name: str, topics: list[str], station_from: str | None) -> None:
    (group,) = recognise(as_messages(STATIONS[name]().messages)).groups
    ((found, _),) = group.entries
    assert (found, group.station_from) == (topics, station_from)


@pytest.mark.parametrize(
    ("topic", "body", "pattern", "station"),
    [
        ("home/BTtoMQTT/A4C138AABB02", CLIMATE, "home/BTtoMQTT/{station}", None),
        ("zigbee2mqtt/shed", CLIMATE, "zigbee2mqtt/{station}", None),
        ("purpleair/84:f3:eb:aa:bb:cd", CLIMATE, "purpleair/{station}", None),
        ("gas/north/readings", CLIMATE | {"device": "north"}, "gas/{station}/readings", None),
        ("lab/air", CLIMATE, "lab/air", "lab"),
        ("readings", CLIMATE, "readings", "st-1"),
        ("purpleair/all", CLIMATE, "purpleair/all", "purpleair"),
    ],
)
def test_one_topic_is_generalised_only_where_a_level_looks_like_a_name(
    topic: str, body: dict[str, Any], pattern: str, station: str | None
) -> None:
    (group,) = recognised((topic, body)).groups
    assert group.entries == [([pattern], station)]


def test_devices_of_other_kinds_beside_them_make_entries_name_their_topics() -> None:
    lamp = {"brightness": 17.5, "color_temp": 300.5, "state": "ON"}
    found = recognised(("zigbee2mqtt/shed", CLIMATE), ("zigbee2mqtt/barn", CLIMATE), ("zigbee2mqtt/lamp", lamp))
    (group,) = found.groups
    assert group.entries == [(["zigbee2mqtt/barn"], "barn"), (["zigbee2mqtt/shed"], "shed")]
    assert "zigbee2mqtt/lamp" in found.skipped


def test_two_kinds_of_stations_are_two_groups() -> None:
    gas = {"ch4_ppb": 2000.5, "r2600_ohm": 24_000.5, "r2602_ohm": 30_000.5}
    groups = recognised(("wells/n1/gas", gas), ("air/room-1/climate", CLIMATE)).groups
    assert [sorted(group.keys) for group in groups] == [
        ["ch4_ppb", "r2600_ohm", "r2602_ohm"],
        ["humidity_pct", "temperature_c"],
    ]


def test_what_is_no_reading_is_listed_with_the_reason() -> None:
    found = recognised(
        ("homeassistant/sensor/x/config", {"unit": "ppm"}),
        ("davylamp/gw1/health", {"readings": 5.5}),
        ("shed/level", {"level": 3.5}),
        ("tele/well-1/SENSOR", CLIMATE),
    )
    assert len(found.groups) == 1
    assert found.skipped == {
        "davylamp/gw1/health": "davylamp's own",
        "homeassistant/sensor/x/config": "describes devices",
        "shed/level": "only level: a station has at least 2 columns",
    }


def test_what_is_sent_twice_is_used_once() -> None:
    sent = []
    for i in range(6):
        sent.append(("dev-7/status/temperature:0", b'{"tC": %d.5}' % i))
        sent.append(("dev-7/status/humidity:0", b'{"rh": %d.5}' % (40 + i)))
        sent.append(("dev-7/events/rpc", b'{"params": {"temperature:0": {"tC": %d.5}}}' % i))
    found = recognise(as_messages(sent))
    (group,) = found.groups
    assert group.entries == [(["{station}/status/{key}"], None)]
    assert found.skipped == {"dev-7/events/rpc": "the same again as on {station}/status/{key}"}


def test_an_identifier_that_every_message_has_anew_names_no_station() -> None:
    sent = [("air", json.dumps({"messageId": f"m{i}", "t": 20.5 + i, "rh": 50.5 + i}).encode()) for i in range(8)]
    (group,) = recognise(as_messages(sent)).groups
    assert group.station_from is None


def test_the_cadence_is_that_of_the_stamps_or_of_the_arrivals() -> None:
    (stamped,) = recognise(as_messages(STATIONS["ttn"]().messages)).groups
    assert stamped.cadence == 60
    (unstamped,) = recognise(as_messages(STATIONS["two_topics"]().messages, every=15)).groups
    assert unstamped.cadence == 30
