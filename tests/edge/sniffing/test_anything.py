"""Whatever comes: either nothing is recognised, or the files can be read, and decode some of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings.broker import Broker
from config.topic_filters import topic_fault
from config.yaml.load import load_gateway, load_station
from edge.commands.sniff import write_guesses
from tests.edge.sniffing.stations import as_messages

NAMES = st.one_of(
    st.sampled_from(
        ["ch4", "temperature", "rh", "Temp F", "a.b", "on", "null", "ts", "seq", "time", "id", "value", "unit", "type",
         "n", "v", "A0", "r2600_ohm", "x y", 'q"t', "0", "ch4_ppb", "TempUnit", "{station}", "é", ""]
    ),
    st.text(max_size=6),
)  # fmt: skip
VALUES = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=6),
    st.sampled_from(["21.5", "21.5 °C", "unavailable", "2026-05-01T12:00:00", "F", "ppm", "1796005227"]),
)  # fmt: skip
BODIES = st.recursive(
    VALUES,
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=4), st.lists(inner, max_size=3)),
    max_leaves=8,
)
LEVELS = st.one_of(
    st.sampled_from(["tele", "dev-1", "dev-2", "SENSOR", "ch4", "temp", "state", "A4C138AABB01", "x y"]), NAMES
)
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(lambda topic: topic_fault(topic) is None)


def encode(body: Any) -> bytes:
    return body.encode(errors="replace") if isinstance(body, str) else json.dumps(body).encode()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TOPICS, st.lists(BODIES, min_size=1, max_size=3)), min_size=1, max_size=5))
def test_the_files_can_be_read(kinds: list[tuple[str, list[Any]]]) -> None:
    sent = [(topic, encode(body)) for _ in range(3) for topic, bodies in kinds for body in bodies]
    with TemporaryDirectory() as folder:
        out = io.StringIO()
        if write_guesses(as_messages(sent), Broker(), Path(folder), out=out) == 0:
            assert load_gateway(Path(folder) / "gateway.yaml").stations
            assert load_station(Path(folder) / "station.yaml").size >= 2
