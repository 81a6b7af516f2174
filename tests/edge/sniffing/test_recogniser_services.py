"""What services and hubs publish is recognised, each value with its name and each device with its own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

from edge.mqtt.message import Message
from edge.sniffing.recogniser import recognise
from tests.edge.sniffing.stations import as_messages


def sent(each: Callable[[int], list[tuple[str, str]]], times: int = 6) -> list[Message]:
    return as_messages([(topic, body.encode()) for i in range(times) for topic, body in each(i)])


def test_states_of_home_assistant_are_values_and_its_discovery_is_not() -> None:
    found = recognise(sent(lambda i: [
        ("homeassistant/sensor/shed_methane/state", f"{2010 + i * i}.5"),
        ("homeassistant/sensor/shed_humidity/state", "unavailable" if i == 2 else f"{50 + i}.5"),
        ("homeassistant/sensor/shed_x/config", json.dumps({"name": "x", "device": {"id": 5}})),
        ("homeassistant/status", "online"),
    ]))  # fmt: skip
    (group,) = found.groups
    assert group.entries == [(["homeassistant/sensor/{key}/state"], "homeassistant")]
    assert {guess.feature.key: guess.address for guess in group.columns.guesses} == {
        "ch4_ppb": "shed_methane", "humidity_pct": "shed_humidity",
    }  # fmt: skip
    assert found.skipped["homeassistant/sensor/shed_x/config"] == "describes devices"


def test_a_value_that_is_alone_on_its_level_has_the_name_of_its_topic() -> None:
    (group,) = recognise(sent(lambda i: [
        (f"homie/st-{n}/{topic}", f"{value + i * n}.5")
        for n in (1, 2)
        for topic, value in (("scd41/temperature", 15), ("scd41/humidity", 51), ("mq4/methane", 2031))
    ])).groups  # fmt: skip
    assert group.entries == [(["homie/{station}/scd41/{key}", "homie/{station}/mq4/{key}"], None)]
    assert {guess.feature.key: guess.address for guess in group.all_columns.guesses} == {
        "ch4_ppb": "methane", "temperature_c": "temperature", "humidity_pct": "humidity",
    }  # fmt: skip


def test_services_beside_one_another_are_recognised_as_each_is_alone() -> None:
    found = recognise(sent(lambda i: [
        *((f"homeassistant/sensor/shed_{name}/state", f"{value + i}.5")
          for name, value in (("methane", 2031), ("temperature", 15), ("humidity", 51), ("pressure", 1001))),
        *((f"homie/st-{n}/{topic}", f"{value + i * n}.5")
          for n in (1, 2)
          for topic, value in (("scd41/temperature", 15), ("scd41/humidity", 51), ("mq4/methane", 2031))),
        *((f"shellies/ht-{n}/sensor/{name}", f"{20 + i}.5") for n in (1, 2) for name in ("temperature", "humidity")),
    ]))  # fmt: skip
    assert sorted(topic for group in found.groups for topics, _ in group.entries for topic in topics) == [
        "homeassistant/sensor/{key}/state",
        "homie/{station}/mq4/{key}",
        "homie/{station}/scd41/{key}",
        "shellies/{station}/sensor/{key}",
    ]


def test_topics_of_the_device_are_not_called_a_repetition_of_its_readings() -> None:
    found = recognise(sent(lambda i: [
        ("tele/hut/SENSOR", json.dumps({"SHT3X": {"Temperature": 15.5 + i, "Humidity": 51.5 + i}})),
        ("tele/hut/STATE", json.dumps({"UptimeSec": 10 * i, "Heap": 25, "Wifi": {"RSSI": 80 + i}})),
    ]))  # fmt: skip
    assert [group.entries for group in found.groups] == [[(["tele/{station}/SENSOR"], None)]]
    assert found.skipped == {"tele/hut/STATE": "no number of interest"}


def test_the_name_of_a_measurement_is_not_that_of_its_hosts() -> None:
    lines = "air,host=a\\ 1,room=x ch4=%d,temp=%d.5\nair,host=a\\ 2,room=x ch4=%d,temp=%d.5"
    (group,) = recognise(sent(lambda i: [("tg", lines % (2010 + i, 15 + i, 2040 + i, 16 + i))])).groups
    assert group.station_from == "tags.host"


def test_what_cannot_be_read_is_listed_with_what_it_is() -> None:
    found = recognise(as_messages([
        ("a", gzip.compress(b'{"t": 1}')), ("b", b"<t>5</t>"), ("c", b"temp=5 hum=7"), ("d", b"Online"),
    ]))  # fmt: skip
    assert "compressed (gzip)" in found.skipped["a"]
    assert "XML" in found.skipped["b"]
    assert "names and values" in found.skipped["c"]
    assert found.skipped["d"] == "no format of readings"
