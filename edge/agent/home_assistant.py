"""HomeAssistant: announces the gateway and its stations to Home Assistant, and takes that back."""

from __future__ import annotations

import math
from itertools import islice

from config.settings.gateway import Gateway
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.delivery.delivery import Delivery
from edge.discovery.devices import AnnouncedStation, Devices
from edge.discovery.identifiers import appearance, device_in
from edge.errors import RequestError
from edge.journal.schema import Recovered
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.topics import Topics

_GATEWAY = ""  # in place of a station's name
_AT_ONCE = 20  # payloads that the broker has not confirmed: each has 10 kB, and there may be 1,000 stations
_ROOM, _TOO_MUCH = 1.5, 4.0  # times the least expiry: announced, and still good

_Shape = tuple[str, str, bool]


class HomeAssistant:
    """Publishes the retained discovery payloads, a few at a time.

    Discovery is on when the settings ask for it. With ``discovery: auto`` it is also on once Home Assistant has said on
    its status topic that it runs, and after that in later runs, as long as the journal has a payload that is retained.

    Parameters
    ----------
    gateway
        Settings.
    stations
        All stations.
    delivery
        Publishes the payloads.
    version
        Version of davylamp.
    recovered
        What earlier runs have published.

    Attributes
    ----------
    status
        Topic on which Home Assistant says that it runs; empty: nobody listens to it.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        delivery: Delivery,
        version: str,
        recovered: Recovered,
    ) -> None:
        settings = gateway.home_assistant
        self.status = settings.status
        self._possible = settings.possible
        self._publish_every = gateway.scoring.publish_every
        self._stations = stations
        self._delivery = delivery
        self._devices = Devices(
            gateway.gateway,
            Topics(gateway.topics.base),
            settings.root,
            version=version,
            health_every=gateway.health.every,
        )
        self._log = Log("home-assistant")
        # Those of a gateway's former name as well: Home Assistant was there.
        self._earlier = {topic for topic in recovered.retained if device_in(topic, settings.root) is not None}
        self._on = settings.asked or (settings.possible and bool(self._earlier))
        self._postponed: set[str] = set()
        self._pending: dict[str, None] = {}
        self._announced: dict[str, int | None] = {}  # name -> expiry [s]
        self._shapes: dict[str, _Shape] = {}
        self._in_flight: set[str] = set()
        self._looks: dict[str, str] = {}  # appearance -> name
        self._owners: dict[str, str] = {}  # topic -> name

    @property
    def ready(self) -> bool:
        """Whether a payload can be published now."""
        return bool(self._pending) and self._room > 0

    def announce_all(self) -> set[str]:
        """Queue every payload; returns their topics."""
        if not self._on:
            return set()
        self._in_flight.clear()
        names = [_GATEWAY, *(station.name for station in self._stations)]
        self._pending = dict.fromkeys(names)
        return set(map(self._topic, names))

    def announce(self, station: str) -> None:
        """Queue the payload of a station that has not been announced."""
        if self._on and station not in self._announced and station not in self._postponed:
            self._pending[station] = None

    def refresh(self, station: LiveStation) -> None:
        """Queue the payload of a station again if its topic, its bundle, or where its values are is another one now."""
        if self._shapes.get(station.name) not in (None, _shape(station)):
            self._pending[station.name] = None

    def withdraw(self, station: str) -> None:
        """Remove a station from Home Assistant."""
        self._pending.pop(station, None)
        topic = self._topic(station)
        if self._owners.get(topic, station) != station:
            return  # it was never there
        self._forget(station, topic)
        self._delivery.clear_retained([topic])

    def note_status(self, payload: bytes) -> None:
        """Note what Home Assistant says about itself: when it starts, everything is announced to it."""
        if not self._possible or payload.strip().strip(b'"') != b"online":
            return
        if not self._on:
            self._log.info("Home Assistant runs, so its discovery is on")
        self._on = True
        self.announce_all()

    def publish(self) -> list[str]:
        """Announce everything at a request; returns the topics.

        Raises
        ------
        RequestError
            The settings forbid it.
        """
        if not self._possible:
            raise RequestError(
                "home_assistant.discovery is off in gateway.yaml, expected auto or on; fix: home_assistant: "
                "{discovery: auto}, and systemctl reload davylamp"
            )
        self._on = True
        self._earlier.clear()
        return sorted(self.announce_all())

    def clear(self) -> list[str]:
        """Remove everything from Home Assistant, at a request; returns the topics."""
        self._on = False
        topics = {name: self._topic(name) for name in [*self._announced, *self._postponed, *self._pending]}
        self._pending.clear()
        for name, topic in topics.items():
            self._forget(name, topic)
        self._delivery.clear_retained(topics.values())
        return sorted(topics.values())

    def turn(self, transaction: Transaction) -> None:
        """Publish some of the payloads that are queued."""
        if self._pending:
            for name in list(islice(self._pending, self._room)):
                del self._pending[name]
                self._publish(transaction, name)

    def check(self) -> None:
        """Queue the payloads of stations of which something that is in them has become known or has changed."""
        waiting: dict[str, int | None] = dict.fromkeys(self._postponed)
        for name, expiry in [*self._announced.items(), *waiting.items()]:
            if not name or name not in self._stations:
                continue
            station = self._stations[name]
            self.refresh(station)
            if self._expiry(station, expiry) != expiry:
                self._pending[name] = None

    @property
    def _room(self) -> int:
        self._in_flight = {topic for topic in self._in_flight if not self._delivery.confirmed(topic)}
        return _AT_ONCE - len(self._in_flight)

    def _topic(self, name: str) -> str:
        return self._devices.topic(name or None)

    def _publish(self, transaction: Transaction, name: str) -> None:
        if name and name not in self._stations:
            return
        topic = self._topic(name)
        owner = self._owners.setdefault(topic, name)
        if owner != name:
            self._log.error(
                "station not announced: Home Assistant's id is taken", station=name, by=owner, fix="rename one of them"
            )
            return
        expiry = None
        if not name:
            payload = self._devices.gateway()
        else:
            self._compare(name)
            station = self._stations[name]
            expiry = self._expiry(station, self._announced.get(name))
            if expiry is None and topic in self._earlier:
                # What an earlier run has published is better: each change makes values unavailable until the next one.
                self._postponed.add(name)
                return
            group = station.group
            topic_of_readings, _, shows = self._shapes[name] = _shape(station)
            payload = self._devices.station(
                AnnouncedStation(name, topic_of_readings, group.entry, group.bundle, expiry, shows_values=shows)
            )
        self._announced[name] = expiry
        self._postponed.discard(name)
        self._in_flight.add(topic)
        self._delivery.retain(transaction, topic, payload)

    def _compare(self, name: str) -> None:
        """Report a station whose name looks like that of another one."""
        other = self._looks.setdefault(appearance(name), name)
        if other != name and name not in self._announced:
            self._log.warning(
                "two stations look alike in Home Assistant, which numbers the entities of one",
                station=name,
                like=other,
                fix="rename one of them",
            )

    def _expiry(self, station: LiveStation, announced: int | None) -> int | None:
        """Return after how long values of a station are unknown [s]: no less than its silence takes to be noticed."""
        after = station.silent_after
        if after is None:
            return announced
        least = after * self._publish_every
        if announced is not None and least <= announced <= _TOO_MUCH * least:
            return announced
        return math.ceil(_ROOM * least)

    def _forget(self, name: str, topic: str) -> None:
        self._announced.pop(name, None)
        self._shapes.pop(name, None)
        self._postponed.discard(name)
        self._earlier.discard(topic)
        self._in_flight.discard(topic)
        self._owners.pop(topic, None)
        if self._looks.get(appearance(name)) == name:
            del self._looks[appearance(name)]


def _shape(station: LiveStation) -> _Shape:
    """Return what a payload depends on: where a station publishes, its bundle, whether its scores have its values."""
    return station.topic, station.group.bundle.id, station.shows_values
