"""Requests to an agent and their answers, without the agent."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from config.settings.alarms import Alarms
from config.settings.gateway import Gateway, StationEntry
from edge.agent.announcer import Announcer
from edge.agent.closed_alarms import ClosedAlarmLabels
from edge.agent.home_assistant import HomeAssistant
from edge.agent.model_service import ModelService
from edge.agent.presence import Presence
from edge.agent.requests import Requests
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.bundles.bundle import Bundle
from edge.clock import Clock
from edge.delivery.delivery import Delivery
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.journal.schema import Recovered
from edge.journal.transaction import RateRow
from edge.mqtt.message import Message
from tests.doubles import FakeLink
from tests.edge.agent.agents import TOPICS


class Desk:
    """Requests with everything that they need."""

    def __init__(self, bundle: Bundle, link: FakeLink, clock: Clock, folder: Path, **settings: Any) -> None:
        stations = (StationEntry(bundle=bundle.path, topic="sensors/{station}/readings"),)
        gateway = Gateway(gateway="gw1", stations=stations, **settings)
        self.link = link
        self.stations = Stations(gateway, [bundle])
        self.panel = AlarmPanel(Alarms(), clock)
        self.committer = Committer(Journal(folder / "journal.db", clock=clock), lambda: (), clock)
        self.delivery = Delivery(link, TOPICS, clock, Recovered())
        self.events: list[Event] = []
        self.rates: list[RateRow] = []
        home_assistant = HomeAssistant(gateway, self.stations, self.delivery, "1", Recovered())
        presence = Presence(gateway, TOPICS, clock)
        announcer = Announcer(
            self.stations, self.panel, self.delivery, home_assistant, link,
            presence=presence, topics=TOPICS, recovered=Recovered(),
        )  # fmt: skip
        models = ModelService(gateway, self.stations, self.committer, announcer, clock=clock)
        self.requests = Requests(
            gateway,
            self.stations,
            self.panel,
            ClosedAlarmLabels(self.committer, clock),
            home_assistant,
            info=lambda: presence.info(self.stations, "5"),
            publish_events=self.events.extend,
            keep_rate=self.rates.append,
            link=link,
            topics=TOPICS,
            clock=clock,
            others=models.verbs,
        )

    def ask(self, verb: str, body: Any = None, **properties: Any) -> list[dict[str, Any]]:
        """Send a request, and take turns until it is answered."""
        payload = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.link.published.clear()
        self.link.in_flight = 0
        message = Message(TOPICS.request(verb), payload, qos=1, properties=SimpleNamespace(**properties))
        self.requests.take(verb, message)
        while self.requests.ready:
            self.requests.turn()
            self.link.in_flight = 0
        return list(self.link.on(TOPICS.response(verb)))

    def error(self, verb: str, body: Any = None, **properties: Any) -> str:
        """Send a request that is refused; return the reason."""
        (answer,) = self.ask(verb, body, **properties)
        assert (answer["status"], answer["data"]) == ("error", {})
        return str(answer["error"])

    def add_station(self, name: str) -> LiveStation:
        """Let a station send its first reading."""
        topic = f"sensors/{name}/readings"
        station = self.stations.at(topic)
        assert station is not None
        self.stations.keep(station, topic)
        return station
