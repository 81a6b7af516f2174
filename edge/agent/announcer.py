"""Publishes the agent's retained topics, and lists what it subscribes to."""

from __future__ import annotations

from collections.abc import Callable

from edge.agent.home_assistant import HomeAssistant
from edge.agent.presence import Presence
from edge.agent.presence_messages import InfoMessage, StateMessage
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.delivery.delivery import Delivery
from edge.journal.schema import Recovered
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.link import Link, Subscription
from edge.mqtt.topics import Topics
from edge.rollout.model_message import ModelMessage


def subscriptions(
    stations: Stations, topics: Topics, *, retained: bool = False, status: str = ""
) -> list[Subscription]:
    """Return what the agent subscribes to: requests, the readings of its stations, and Home Assistant's ``status``."""
    patterns = [each for group in stations.groups for each in group.patterns]
    filters = [topics.requests, *(each.filter for each in patterns)]
    # Two filters that match one topic bring its messages twice.
    listens = bool(status) and not any(each.matches(status) for each in patterns)
    return [*(Subscription(each, retained) for each in filters), *([Subscription(status, True)] if listens else ())]


class Announcer:
    """Publishes the retained topics, all of them again on every connection, and clears those that no longer apply.

    Parameters
    ----------
    stations
        Stations with an availability.
    panel
        Their alarms.
    delivery
        Publishes the topics.
    home_assistant
        Is announced to as well.
    link
        Its protocol is part of ``info``.
    presence
        Content of ``state``, ``info`` and ``availability``.
    topics
        Names of the topics.
    recovered
        What earlier runs subscribed to.

    Attributes
    ----------
    filters
        Topic filters that a session kept by the broker is subscribed to.
    model_message
        Returns the body of a station's ``model`` topic; ``None``: it has none.
    """

    def __init__(
        self,
        stations: Stations,
        panel: AlarmPanel,
        delivery: Delivery,
        home_assistant: HomeAssistant,
        link: Link,
        *,
        presence: Presence,
        topics: Topics,
        recovered: Recovered,
    ) -> None:
        self.filters = sorted(recovered.filters)
        self._stations = stations
        self._panel = panel
        self._delivery = delivery
        self._home_assistant = home_assistant
        self._link = link
        self._presence = presence
        self._topics = topics
        self._log = Log("agent")
        self._info: InfoMessage | None = None  # as last published
        self._birth: StateMessage | None = None
        self.model_message: Callable[[LiveStation], ModelMessage] | None = None
        self._runs: dict[str, tuple[str, str | None]] = {}  # station -> bundle that scores it, bundle that waits

    def announce_all(self, transaction: Transaction) -> None:
        """Publish every retained topic: the broker may have lost them."""
        protocol = self._link.protocol
        self._birth = self._presence.birth_of(self._stations)
        self._delivery.retain(transaction, self._topics.state, self._birth)
        self._info = self._presence.info(self._stations, protocol)
        self._delivery.retain(transaction, self._topics.info, self._info)
        current = {self._topics.state, self._topics.info}
        for station in self._stations:
            self.announce_station(transaction, station)
            current |= set(self._topics.retained_of(station.name))
        self._delivery.retain_only(current | self._home_assistant.announce_all())
        wanted = subscriptions(self._stations, self._topics, status=self._home_assistant.status)
        filters = sorted(each.filter for each in wanted)
        if filters != self.filters:
            self.filters = transaction.filters = filters
        if protocol == "3.1.1":
            self._log.warning("MQTT 3.1.1: the broker cannot tell us what it refuses, and what it refuses is lost")

    def announce_changed_info(self, transaction: Transaction) -> None:
        """Publish ``info`` if something in it has changed since it was published."""
        info = self._presence.info(self._stations, self._link.protocol)
        if self._info is not None and info != self._info:
            self._info = info
            self._delivery.retain(transaction, self._topics.info, info)
        birth = self._presence.birth_of(self._stations)
        if self._birth is not None and birth != self._birth:
            self._birth = birth
            self._delivery.retain(transaction, self._topics.state, birth)

    def announce_models(self, transaction: Transaction, station: LiveStation) -> None:
        """Publish which bundle scores a station, and which waits."""
        if self.model_message is not None:
            self._delivery.retain(transaction, self._topics.model(station.name), self.model_message(station))
        runs = station.group.bundle.id, station.waiting
        if self._runs.get(station.name) != runs:  # and not with every progress of a shadow: that is for all stations
            self._runs[station.name] = runs
            self.announce_changed_info(transaction)
            self._home_assistant.refresh(station)

    def announce_station(self, transaction: Transaction, station: LiveStation) -> None:
        """Publish whether a station is online, and its alarms."""
        availability = self._presence.availability(station.name, online=station.online)
        self._delivery.retain(transaction, self._topics.availability(station.name), availability)
        self.announce_alarms(transaction, station.name)
        if self.model_message is not None:
            self._delivery.retain(transaction, self._topics.model(station.name), self.model_message(station))
        self._home_assistant.announce(station.name)

    def withdraw(self, station: str) -> None:
        """Clear the retained topics of a station that gave way to another."""
        self._runs.pop(station, None)
        self._home_assistant.withdraw(station)
        self._delivery.clear_retained(self._topics.retained_of(station))

    def announce_alarms(self, transaction: Transaction, station: str) -> None:
        """Publish which alarms stand at a station."""
        self._delivery.retain(transaction, self._topics.alarm(station), self._panel.message(station))
