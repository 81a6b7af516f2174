"""Announcing: what stays at the broker for whoever comes later, and what the agent listens to."""

from __future__ import annotations

from edge.agent.presence import Presence
from edge.agent.stations import LiveStation, Stations
from edge.alarms.panel import AlarmPanel
from edge.delivery.delivery import Delivery
from edge.journal.schema import Recovered
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.link import Link, Subscription
from edge.mqtt.topics import Topics


def subscriptions(stations: Stations, topics: Topics, *, retained: bool = False) -> list[Subscription]:
    """What the agent listens to."""
    filters = [topics.requests, *(group.pattern.filter for group in stations.groups)]
    return [Subscription(each, retained) for each in filters]


class Announcer:
    """Asserts what is retained, all of it again on every connection, and clears what nobody asserts any more.

    Parameters
    ----------
    stations, panel, presence
        What holds.
    delivery, link, topics
        How and where it is said.
    past
        What earlier runs listened to.

    Attributes
    ----------
    filters
        What a kept session of the broker's listens to for us.
    """

    def __init__(
        self,
        stations: Stations,
        panel: AlarmPanel,
        delivery: Delivery,
        link: Link,
        *,
        presence: Presence,
        topics: Topics,
        past: Recovered,
    ) -> None:
        self.filters = sorted(past.filters)
        self._stations = stations
        self._panel = panel
        self._delivery = delivery
        self._link = link
        self._presence = presence
        self._topics = topics
        self._log = Log("agent")

    def everything(self, batch: Transaction) -> None:
        """Say again all that holds: the broker, or whoever listens, may have forgotten it."""
        protocol = self._link.protocol
        self._delivery.retain(batch, self._topics.state, self._presence.birth)
        self._delivery.retain(batch, self._topics.info, self._presence.info(self._stations, protocol))
        held = {self._topics.state, self._topics.info}
        for station in self._stations:
            self.station(batch, station)
            held |= {self._topics.availability(station.name), self._topics.alarm(station.name)}
        self._delivery.retain_only(held)
        filters = sorted(each.filter for each in subscriptions(self._stations, self._topics))
        if filters != self.filters:
            self.filters = batch.filters = filters
        if protocol == "3.1.1":
            self._log.warning("MQTT 3.1.1: the broker cannot tell us what it refuses, and what it refuses is lost")

    def station(self, batch: Transaction, station: LiveStation) -> None:
        """Say whether a station sends, and what stands there."""
        availability = self._presence.availability(station.name, online=station.online)
        self._delivery.retain(batch, self._topics.availability(station.name), availability)
        self.alarm(batch, station.name)

    def alarm(self, batch: Transaction, station: str) -> None:
        """Say what stands at a station."""
        self._delivery.alarm(batch, self._panel.message(station))
