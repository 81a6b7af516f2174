"""The answers that docs/dashboard.md shows have the keys of those that the page gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from edge.alarms.event import Event
from edge.dashboard.page_messages import Overview, Point

PAGE = (Path(__file__).parents[3] / "docs" / "dashboard.md").read_text(encoding="utf-8")


def shown(route: str) -> Any:
    """Return the first example of a route."""
    section = PAGE.partition(f"### `{route}`\n")[2]
    found = re.search(r"^```json\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)
    assert found, route
    return json.loads(found[1])


def as_answered(body: object, kind: type[msgspec.Struct]) -> Any:
    """Return what the page would send for it: without keys that it has not, and with all of its own."""
    return json.loads(msgspec.json.encode(msgspec.convert(body, kind)))


def test_the_overview_has_every_key_and_no_other() -> None:
    body = shown("/api/overview")
    assert as_answered(body, Overview) == body


def test_a_reading_of_the_stream_has_the_point_that_is_shown() -> None:
    point = shown("/api/stream")["point"]
    assert as_answered(point, Point) == point


def test_an_alarm_has_every_key_of_an_event() -> None:
    (alarm,) = shown("/api/alarms")["alarms"]
    assert as_answered(alarm["event"], Event) == alarm["event"]
