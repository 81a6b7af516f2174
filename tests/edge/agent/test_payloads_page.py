"""Each entry of docs/payloads.md reads the messages above it, and gives the line below it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from config.templates.templates import METHANE
from config.yaml.load import load_gateway, load_station
from edge.agent.listener import Listener
from edge.agent.source import Source
from edge.mqtt.message import Message
from edge.readings.reading import Reading

PAGE = (Path(__file__).parents[3] / "docs" / "payloads.md").read_text(encoding="utf-8")
STATION = load_station(METHANE)
NOW = 1_796_006_000.0


class Example(NamedTuple):
    """Messages, an entry, and the values of each station."""

    messages: list[tuple[str, str]]
    entry: str
    gives: dict[str, dict[str, float]]


def examples() -> dict[str, Example]:
    found = {}
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        blocks = dict(re.findall(r"^```(text|yaml)\n(.*?)^```$", body, flags=re.DOTALL | re.MULTILINE))
        messages = [_message(line) for line in blocks["text"].splitlines()]
        gives = {
            name: {key: float(value) for key, value in (each.split() for each in values.split(", "))}
            for name, values in re.findall(r"^Gives `(\S+)`: (.*)$", body, flags=re.MULTILINE)
        }
        found[title] = Example(messages, blocks["yaml"], gives)
    return found


def _message(line: str) -> tuple[str, str]:
    """Split topic and payload: a topic may have blanks."""
    at = min((line.index(each) for each in (" {", " [") if each in line), default=line.index(" "))
    return line[:at], line[at + 1 :]


EXAMPLES = examples()


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_entry_reads_the_messages_above_it(title: str, tmp_path: Path) -> None:
    example = EXAMPLES[title]
    sent = {key for values in example.gives.values() for key in values}
    mapped = example.entry + str(example.messages)
    absent = [key for key in STATION.keys if key not in sent and key not in mapped]
    (entry,) = yaml.safe_load(example.entry)
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump({"stations": [entry | {"bundle": "b.davy", "absent": absent}]}))
    (settings,) = load_gateway(file).stations
    listener = Listener([Source(settings, STATION)])
    heard = []
    for topic, payload in example.messages:
        heard += listener.take(Message(topic, payload.encode(), 1, received=NOW))
    heard += listener.close_due(math.inf)
    assert [each.station for each in heard] == list(example.gives)
    for each in heard:
        assert isinstance(each.reading, Reading), each.reading
        values = dict(zip(STATION.keys, each.reading.values, strict=True))
        got = {key: value for key, value in values.items() if not math.isnan(value)}
        if each.reading.ts is not None:
            got["ts"] = each.reading.ts
        assert got == pytest.approx(example.gives[each.station])


def test_the_table_names_every_example() -> None:
    table = PAGE.partition("## Values on several topics")[0]
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in EXAMPLES}
    named = set(re.findall(r"\(#([\w-]+)\)", table))
    assert anchors <= named
    assert named - anchors <= {"sparkplug-b"}
