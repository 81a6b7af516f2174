"""Agent: readings in, scores, alarms and answers out; the only place that knows all the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from config.errors import ConfigError
from config.gateway import Gateway
from config.loading import load_gateway
from edge.alarm import AlarmPanel
from edge.bundle import Bundle
from edge.clock import Clock, SystemClock
from edge.connecting import Options
from edge.connection import Connection, Subscription
from edge.delivery import Delivery
from edge.errors import ReadingError
from edge.event import Event
from edge.health import Health
from edge.link import Link
from edge.log import Log, start_logging
from edge.message import Message
from edge.presence import Presence
from edge.reading import Reading
from edge.requests import Requests
from edge.scorer import SCORED
from edge.stations import Group, LiveStation, Stations
from edge.stopping import Stop
from edge.topics import Topics
from edge.verdict import Verdict
from edge.watchdog import Watchdog

_LOOK_EVERY = 1.0  # [s] between two looks at what no reading brings about
_TURN = 5.0  # [s] a turn may wait

_Entry = tuple[LiveStation, Reading, Message]


def run(gateway_path: str | Path) -> int:
    """Run the agent until SIGTERM or SIGINT.

    Every bundle reproduces its golden rows before the broker hears of us.

    Returns
    -------
    int
        0, the exit code of a clean stop.

    Raises
    ------
    ConfigError, BundleError
        Before anything is connected.
    """
    with Stop() as stop:
        gateway = load_gateway(gateway_path)
        start_logging(gateway.log.level)
        clock, log = SystemClock(), Log("agent")
        stations = Stations(gateway, open_bundles(gateway, log))
        topics = Topics(gateway.topics.base)
        presence = Presence(gateway, topics, clock)
        watchdog = Watchdog(clock)
        link = Link(
            Options.of(gateway.broker, client_id=gateway.broker.client_id),
            subscriptions(stations, topics),
            will=presence.will,
            stop=stop,
            clock=clock,
        )
        agent = Agent(gateway, stations, link, presence=presence, watchdog=watchdog, clock=clock)
        watchdog.ready()
        while not stop.requested:
            agent.turn()
        agent.stop()
        log.info("stopped")
    return 0


def open_bundles(gateway: Gateway, log: Log) -> list[Bundle]:
    """Open and verify the bundle of every entry, each file once.

    Raises
    ------
    ConfigError
        There is no entry.
    BundleError
        A bundle must not be used.
    """
    if not gateway.stations:
        raise ConfigError(["gateway.yaml: stations: got none, expected at least one entry with a topic and a bundle"])
    bundles: dict[str, Bundle] = {}
    for entry in gateway.stations:
        if entry.bundle not in bundles:
            bundle = bundles[entry.bundle] = Bundle.open(entry.bundle)
            log.info("bundle verified", file=entry.bundle, bundle=bundle.id, golden_rows_differ_by=bundle.verify())
    return [bundles[entry.bundle] for entry in gateway.stations]


def subscriptions(stations: Stations, topics: Topics, *, retained: bool = False) -> list[Subscription]:
    """What the agent listens to. Filters that are configured no more are the journal's to remember and unsubscribe."""
    filters = [topics.requests, *(group.pattern.filter for group in stations.groups)]
    return [Subscription(each, retained) for each in filters]


class Agent:
    """One gateway at work; :meth:`turn` after turn, on one thread.

    Parameters
    ----------
    gateway
        Settings.
    stations
        Who is listened to, and with which bundles.
    link
        The connection.
    presence, watchdog
        What it says about itself, to the broker and to systemd.
    clock
        Time.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        link: Connection,
        *,
        presence: Presence,
        watchdog: Watchdog,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._stations = stations
        self._link = link
        self._presence = presence
        self._watchdog = watchdog
        self._clock = clock
        self._log = Log("agent", clock)
        self._topics = Topics(gateway.topics.base)
        self._health = Health(clock)
        self._panel = AlarmPanel(gateway.alarms, clock)
        self._delivery = Delivery(link, self._topics, clock)
        self._requests = Requests(
            gateway,
            stations,
            self._panel,
            info=lambda: presence.info(stations, link.protocol),
            publish_events=lambda events: self._hand_over([], events),
            link=link,
            topics=self._topics,
            clock=clock,
        )
        self._next_health = clock.monotonic() + gateway.health.every
        self._next_look = clock.monotonic()

    def turn(self) -> None:
        """Wait for messages, and take them all the way: scored, handed over, acknowledged, written."""
        messages = self._link.poll(self._patience())
        begun = self._clock.monotonic()
        if self._link.became_ready():
            self._assert_everything()
        readings = self._work(messages) if messages else 0
        self._requests.turn()
        self._look_around()
        self._delivery.turn()
        self._link.acknowledge(messages)
        self._link.flush()
        if readings:
            self._health.batch(readings, self._clock.monotonic() - begun)
        self._watchdog.alive()

    def stop(self) -> None:
        """Say goodbye, so that nobody takes a planned stop for a failure."""
        self._watchdog.stopping()
        self._delivery.turn()
        self._delivery.retain(self._topics.state, self._presence.stopped)
        self._link.close()

    def _patience(self) -> float:
        """How long this turn may wait [s]: until something is due."""
        if self._requests.ready:
            return 0.0
        until_health = max(0.0, self._next_health - self._clock.monotonic())
        return min(_TURN, until_health, self._watchdog.every or _TURN)

    def _work(self, messages: Sequence[Message]) -> int:
        """Take a batch from payloads to what is handed over; returns how many readings were in it."""
        batches: dict[Group, list[_Entry]] = {}
        for message in messages:
            verb = self._topics.verb(message.topic)
            if message.retain:
                self._health.retained += 1
            elif verb is not None:
                self._requests.take(verb, message)
            else:
                self._decode(message, batches)
        verdicts: list[Verdict] = []
        events: list[Event] = []
        new: list[LiveStation] = []
        now = self._clock.monotonic()
        for group, entries in batches.items():
            self._judge(group, entries, verdicts, events)
            for station, _, _ in entries:
                station.hear(now)
                if not station.online:
                    station.online = True
                    new.append(station)
        every = self._gateway.scoring.publish_every
        self._hand_over([v for v in verdicts if v.n % every == 0 or v.exceeds or v.late], events)
        for station in new:
            self._log.info("station online", station=station.name, bundle=station.group.bundle.id)
            self._assert(station)
        readings = len(verdicts)
        self._health.readings += readings
        self._health.late += sum(verdict.late for verdict in verdicts)
        return readings

    def _decode(self, message: Message, batches: dict[Group, list[_Entry]]) -> None:
        try:
            station = self._stations.at(message.topic)
            if station is None:
                # A persistent session still holds filters that are no longer configured.
                self._health.stray += 1
                return
            for found in station.decoder.decode(message.payload, message.received):
                if isinstance(found, ReadingError):
                    self._delivery.refuse(message, found)
                else:
                    self._stations.keep(station, message.topic)
                    batches.setdefault(station.group, []).append((station, found, message))
        except ReadingError as error:
            self._delivery.refuse(message, error)

    def _judge(self, group: Group, entries: list[_Entry], verdicts: list[Verdict], events: list[Event]) -> None:
        """Score readings, all at once, and let the alarms see each verdict before the next is decided.

        A mistake of ours must neither stop the agent nor come back with every redelivery: what is left of the readings
        is then scored one by one, and the one that cannot be is a dead letter.
        """
        judged = 0
        try:
            for verdict in group.scorer.verdicts([(station.state, reading) for station, reading, _ in entries]):
                station, reading, _ = entries[judged]
                adaptation = station.state.adaptation
                raised = self._panel.observe(verdict, {kind: adaptation.threshold(kind) for kind in SCORED})
                opened = [event for event in raised if event.event_type == "open"]
                for event in opened:
                    adaptation.freeze(event.kind)
                if not verdict.late:
                    raised_by = max((event.count for event in opened), default=0)
                    station.recent.keep(reading.values, raised_by=raised_by, stands=self._panel.stands(station.name))
                verdicts.append(verdict)
                events += raised
                judged += 1
        except Exception:
            left = entries[judged:]
            self._log.exception("readings could not be scored", readings=len(left))
            if len(entries) == 1:
                self._delivery.refuse(entries[0][2], ReadingError("internal error: see the agent's log"))
                return
            self._health.failed_batches += 1
            for entry in left:
                self._judge(group, [entry], verdicts, events)

    def _hand_over(self, verdicts: list[Verdict], events: list[Event]) -> None:
        self._delivery.hand_over(verdicts, events)
        for event in events:
            self._log.info(f"alarm {event.event_type}", station=event.station, kind=event.kind, id=event.id)
        for station in dict.fromkeys(event.station for event in events):
            self._delivery.alarm(self._panel.message(station))

    def _look_around(self) -> None:
        """Do what is due although no reading came."""
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            if events := self._panel.tick():
                self._hand_over([], events)
            for station in self._stations.fallen_silent(now):
                self._log.warning("station silent", station=station.name)
                self._assert(station)
            self._watchdog.status(
                f"{'connected' if self._link.connected else 'waiting for the broker'}, "
                f"{sum(station.online for station in self._stations)} stations online"
            )
        if now >= self._next_health:
            self._next_health = now + self._gateway.health.every
            known, answered = sum(1 for _ in self._stations), self._requests.answered
            message = self._health.message(self._link, self._delivery, stations=known, requests=answered)
            self._delivery.tell(self._topics.health, message)

    def _assert_everything(self) -> None:
        """Say again all that holds: the broker, or whoever listens, may have forgotten it."""
        self._delivery.retain(self._topics.state, self._presence.birth)
        self._delivery.retain(self._topics.info, self._presence.info(self._stations, self._link.protocol))
        for station in self._stations:
            self._assert(station)

    def _assert(self, station: LiveStation) -> None:
        availability = self._presence.availability(station.name, online=station.online)
        self._delivery.retain(self._topics.availability(station.name), availability)
        self._delivery.alarm(self._panel.message(station.name))
