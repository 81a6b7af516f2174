"""What check says about the messages that it has received."""

from __future__ import annotations

import json
from typing import Any

from config.settings.gateway import Gateway, StationEntry
from edge.agent.inspection import Inspection
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.mqtt.message import Message
from tests.doubles import GOOD

NOW = 1_800_000_000.0


def inspect(bundle: Bundle, *messages: tuple[str, Any], **entry: Any) -> tuple[Inspection, list[str]]:
    """Inspect messages that come a second apart; returns what is said, too."""
    gateway = Gateway(gateway="gw1", stations=(StationEntry(bundle=bundle.path, **entry),))
    inspection = Inspection(Stations(gateway, [bundle]))
    said: list[str] = []
    for n, (topic, body) in enumerate(messages):
        said += inspection.close_due(NOW + n)
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        said += inspection.take(Message(topic, payload, qos=1, mid=n, received=NOW + n))
    said += inspection.close()
    return inspection, said


def test_parts_are_readings(bundle: Bundle) -> None:
    parts = [(f"hut/{key}", value) for _ in range(4) for key, value in GOOD.items()]
    inspection, said = inspect(bundle, *parts, topic="{station}/{key}")
    assert inspection.readings == {"hut": 4}
    assert said == []


def test_a_topic_that_should_be_another_key_is_named(bundle: Bundle) -> None:
    parts = [
        (f"hut/{key if key != 'ch4_ppb' else 'methane_ppb'}", value) for _ in range(4) for key, value in GOOD.items()
    ]
    inspection, said = inspect(bundle, *parts, topic="{station}/{key}", join=8.5)
    assert inspection.readings["hut"] == 4
    (warning,) = [each for each in said if "never came" in each]
    assert warning.startswith("hut: ch4_ppb never came; the payload has methane_ppb")
    assert "--listen" in warning


def test_a_mapped_key_that_never_came_is_named_with_the_nearest_match(bundle: Bundle) -> None:
    body = {key: value for key, value in GOOD.items() if key != "ch4_ppb"} | {"S": {"CH4.ppb": 2000.0}}
    inspection, said = inspect(bundle, *[("sensors/st-1/readings", body)] * 3, keys={"ch4_ppb": "S.CH4.ppb"})
    assert inspection.readings["st-1"] == 3
    assert any("S.CH4.ppb (ch4_ppb) never came" in each and "'S.\"CH4.ppb\"'" in each for each in said)


def test_two_devices_on_one_topic_are_named_with_the_fix(bundle: Bundle) -> None:
    sent = [("site/all", GOOD | {"id": f"n-{n % 2}", "ch4_ppb": 2000.0 + n}) for n in range(6)]
    _, said = inspect(bundle, *sent, topic="site/all", station="site")
    assert any("id is n-0, n-1 in turn" in each and "fix: station_from: id" in each for each in said)
    inspection, said = inspect(bundle, *sent, topic="site/all", station_from="id")
    assert inspection.readings == {"n-0": 3, "n-1": 3}
    assert said == []


def test_what_cannot_be_read_is_said_with_its_topic(bundle: Bundle) -> None:
    inspection, said = inspect(bundle, ("sensors/st-1/readings", b"\x00\x01"), ("elsewhere", GOOD))
    assert not inspection.readings
    assert said[0].startswith("sensors/st-1/readings: ")


def test_a_refusal_whose_numbers_differ_is_said_once(bundle: Bundle) -> None:
    sent = [("sensors/st-1/readings", f"ch4={2000 + n} t=15".encode()) for n in range(6)]
    _, said = inspect(bundle, *sent)
    assert len([each for each in said if "names and values" in each]) == 1
