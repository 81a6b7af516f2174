"""What the files of ``davylamp sniff`` make of messages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from config.yaml.load import load_gateway, load_station
from edge.agent.listener import Listener
from edge.agent.source import Source
from edge.mqtt.message import Message
from edge.readings.reading import Reading


def decoded(folder: Path, messages: Iterable[Message]) -> list[dict[str, float]]:
    """Decode messages as the agent does; returns the values of each reading by key, in order of arrival."""
    station = load_station(folder / "station.yaml")
    listener = Listener(Source(entry, station) for entry in load_gateway(folder / "gateway.yaml").stations)
    found = [each for message in messages for each in listener.take(message)] + listener.close()
    found.sort(key=lambda each: each.message.received)
    errors = [each.reading for each in found if not isinstance(each.reading, Reading)]
    assert errors == []
    return [
        dict(zip(station.keys, each.reading.values, strict=True)) for each in found if isinstance(each.reading, Reading)
    ]
