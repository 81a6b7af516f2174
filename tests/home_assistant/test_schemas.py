"""Home Assistant's own schema code takes the payloads, and refuses what it is said to refuse."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from config.settings.gateway import StationEntry
from edge.bundles.bundle import Bundle
from edge.discovery.devices import AnnouncedStation, Devices
from edge.mqtt.topics import Topics
from tests.edge.discovery.payloads import faults
from tests.home_assistant.installation import judge

DEVICES = Devices("gw1", Topics("davylamp/gw1"), "homeassistant", version="1.2.3", health_every=60.0)


def payloads(bundle: Bundle) -> list[dict[str, Any]]:
    entries = [
        StationEntry(bundle=bundle.path),
        StationEntry(bundle=bundle.path, absent=("ch4_ppb",), units={"temperature_c": "degF"}),
        StationEntry(bundle=bundle.path, keys={"temperature_c": "air.t[0]"}, missing=(-127,)),
        StationEntry(bundle=bundle.path, topic="sensors/{station}/{key}"),
    ]
    stations = [
        AnnouncedStation(f"st.{i}:x", f"sensors/st.{i}:x/readings", entry, bundle, None if i else 300)
        for i, entry in enumerate(entries)
    ]
    return [DEVICES.gateway(), *map(DEVICES.station, stations)]


def test_every_payload_is_taken(bundles: dict[str, Path]) -> None:
    made = payloads(Bundle.open(bundles["ae"]))
    assert judge(made) == [None] * len(made)


def test_what_is_wrong_is_refused_and_our_own_rules_know_it(bundles: dict[str, Path]) -> None:
    good = payloads(Bundle.open(bundles["ae"]))[1]
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": "x"}, {}),
        ({"~": "davylamp/gw1"}, {}),
        ({"message_expiry_interval": 60}, {}),
        ({}, {"qos": 7}),
    ]
    wrong = []
    for root, component in changes:
        payload = copy.deepcopy(good) | root
        payload["cmps"]["ch4"] |= component
        wrong.append(payload)
    ours = [bool(faults(DEVICES.topic("st-1"), each)) for each in wrong]
    assert ours == [True] * len(wrong)
    assert [each is None for each in judge([*wrong, good])] == [False] * len(wrong) + [True]
