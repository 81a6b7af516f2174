"""An agent with injected link, clock and journal, and the messages that it receives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from config.settings.gateway import Gateway, StationEntry
from edge.agent.agent import Agent
from edge.agent.presence import Presence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.archive.archive import Archive
from edge.bundles.bundle import Bundle
from edge.clock import Clock
from edge.journal.journal import Journal
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics

TOPICS = Topics("davylamp/gw1")


def make_agent(
    bundle: Bundle,
    link: Link,
    clock: Clock,
    journal: Path,
    archive: Archive | None = None,
    **settings: Any,
) -> Agent:
    """Make an agent of one bundle, with the journal at a path; settings are the entry's or the gateway's."""
    of_entry = {name: settings.pop(name) for name in StationEntry.__struct_fields__ if name in settings}
    entry = StationEntry(bundle=bundle.path, **of_entry)
    gateway = Gateway(stations=(entry,), **{"gateway": "gw1", **settings})
    presence = Presence(gateway, Topics(gateway.topics.base), clock)
    watchdog = Watchdog(clock, {})
    stations, opened = Stations(gateway, [bundle]), Journal(journal, clock=clock)
    return Agent(gateway, stations, link, opened, presence=presence, watchdog=watchdog, clock=clock, archive=archive)


def message(
    body: Any,
    *,
    topic: str = "sensors/st-1/readings",
    mid: int = 1,
    retain: bool = False,
    received: float = 1_800_000_000.0,
) -> Message:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(topic, payload, qos=1, retain=retain, mid=mid, connection=1, received=received)


class StartAgent(Protocol):
    """Starts an agent of one bundle, with the journal of the one before, which is killed."""

    def __call__(self, **settings: Any) -> Agent: ...
