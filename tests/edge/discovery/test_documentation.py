"""docs/home-assistant.md has the tables that the components give, and cards of entities that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings.gateway import StationEntry
from edge.bundles.bundle import Bundle
from edge.discovery.devices import AnnouncedStation, Devices
from edge.discovery.documentation import component_tables
from edge.discovery.identifiers import appearance
from edge.mqtt.topics import Topics

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "home-assistant.md"


def test_the_page_lists_the_components_that_are_announced() -> None:
    assert component_tables() in PAGE.read_text(encoding="utf-8"), "fix: python -m edge.discovery.documentation"


@pytest.mark.parametrize("page", ["home-assistant.md", "tutorial.md"])
def test_the_entities_of_a_card_are_announced(methane_bundle: Bundle, page: str) -> None:
    devices = Devices("gw1", Topics("davylamp/gw1"), "homeassistant", version="1.2.3", health_every=60.0)
    entry = StationEntry(bundle=methane_bundle.path)
    station = AnnouncedStation("st-1", "sensors/st-1/readings", entry, methane_bundle, None)
    announced = {
        f"{body['p']}.{appearance(payload['dev']['name'])}_{appearance(body['name'])}"
        for payload in (devices.gateway(), devices.station(station))
        for body in payload["cmps"].values()
    }
    named = set(re.findall(r"\b(?:binary_sensor|sensor|button|number|event)\.\w+", (DOCS / page).read_text("utf-8")))
    assert named
    assert named - announced == set()
