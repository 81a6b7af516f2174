"""Whatever comes on topics that are shared or split becomes shares, or errors; nothing else, and not without bounds."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings.gateway import StationEntry
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.agent.listener import Listener
from edge.agent.source import Source
from edge.errors import ReadingError
from edge.mqtt.message import Message

STATION = load_station(METHANE)
ENTRIES: list[dict[str, Any]] = [
    {"topic": "{station}/{key}/state"},
    {"topic": "{station}/{key}/state", "keys": {"ch4_ppb": "a.v[0]", "temperature_c": '"b.c"', "ts": "t"}},
    {"topic": "x/+/state", "station_from": "name"},
    {"topic": ["x/a/state", "x/b/state"], "station_from": "d.name", "join": 3},
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(["a", "b", "b.c", "v", "t", "d", "name", "ch4_ppb", "seq"]) | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
PAYLOADS = st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode())
TOPICS = st.sampled_from(["x/a/state", "x/b/state", "x/b.c/state", "y z/ch4_ppb/state", "state/t/state", "/a/state"])


@given(st.sampled_from(ENTRIES), st.lists(st.tuples(TOPICS, PAYLOADS, st.floats(0.0, 20.0)), max_size=12))
def test_whatever_comes_becomes_readings_or_errors_that_can_be_published(
    entry: dict[str, Any], sent: list[tuple[str, bytes, float]]
) -> None:
    listener = Listener([Source(StationEntry(bundle="b.davy", **entry), STATION)])
    now = 1.8e9
    found = []
    for topic, payload, wait in sent:
        now += wait
        found += listener.close_due(now)
        found += listener.take(Message(topic, payload, 1, received=now))
    found += listener.close()
    for each in found:
        if isinstance(each.reading, ReadingError):
            msgspec.json.encode(str(each.reading))
    for station in listener.inputs.values():
        msgspec.json.encode(station.watch.judge(soon=True))
        assert len(station.name) <= 64


@pytest.mark.parametrize("name", ["x" * 1000, "\ud800" * 300])
def test_a_name_without_end_is_refused(name: str) -> None:
    source = Source(StationEntry(bundle="b.davy", topic="t", station_from="name"), STATION)
    found = Listener([source]).take(Message("t", json.dumps({"name": name, "ch4_ppb": 1}).encode()))
    assert "expected at most 256" in str(found[0].reading)
    msgspec.json.encode(str(found[0].reading))


def test_topics_without_end_are_not_remembered() -> None:
    source = Source(StationEntry(bundle="b.davy", topic="{station}/{key}"), STATION)
    for n in range(9000):
        source.pattern_of(f"st/{n}")
    assert source.part_name(f"st/{'k' * 60_000}") == "k" * 60_000
    assert len(source._known) <= 4000
    assert max(map(len, source._known)) < 300
