"""Agent: readings in, scores, alarms and answers out; the only place that knows all the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.settings.gateway import Gateway
from edge.agent.announcer import Announcer
from edge.agent.clock_jumps import ClockJumps
from edge.agent.closed_alarms import ClosedAlarmLabels
from edge.agent.health import Health
from edge.agent.pipeline import Pipeline
from edge.agent.presence import Presence
from edge.agent.recovery import Recovery
from edge.agent.requests import Requests
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock
from edge.delivery.delivery import Delivery
from edge.errors import JournalError
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics

_LOOK_EVERY = 1.0  # [s] between two looks at what no reading brings about
_TURN = 5.0  # [s] a turn may wait
_PATIENCE = 60.0  # [s] of the broker not answering scores, after which we are not alive any more
_AWAIT = 60.0  # [s] after the start, from when on stations of before are looked at although nothing comes from them
_FAREWELL = 10  # times 50 ms that a stop waits in vain for what is on its way


class Agent:
    """One gateway at work; :meth:`turn` after turn, on one thread.

    What a turn takes in is published and acknowledged when the journal has kept it, and not before. While the journal
    cannot keep it, the turn goes on: keepalive, health and the state are told, and no reading is taken.

    Parameters
    ----------
    gateway
        Settings.
    stations
        Who is listened to, and with which bundles.
    link
        The connection.
    journal
        What survives us; it is closed by :meth:`stop`.
    presence, watchdog
        What it says about itself, to the broker and to systemd.
    clock
        Time.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        link: Link,
        journal: Journal,
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
        self._delivery = Delivery(link, self._topics, clock, journal.past)
        self._announcer = Announcer(
            stations, self._panel, self._delivery, link, presence=presence, topics=self._topics, past=journal.past
        )
        self._keeper = Committer(journal, self._everything, clock)
        self._pipeline = Pipeline(
            stations,
            self._panel,
            self._delivery,
            journal,
            health=self._health,
            log=self._log,
            every=gateway.scoring.publish_every,
        )
        self._waker = Recovery(stations, self._panel, journal, self._log)
        self._requests = Requests(
            gateway,
            stations,
            self._panel,
            ClosedAlarmLabels(self._keeper, clock),
            info=lambda: presence.info(stations, link.protocol),
            publish_events=self._hand_over,
            link=link,
            topics=self._topics,
            clock=clock,
        )
        self._untouched: list[Message] = []  # their stations' past has to be rebuilt first
        self._unacknowledged: list[Message] = []
        self._next_health = clock.monotonic() + gateway.health.every
        self._next_look = self._moved = self._began = clock.monotonic()
        self._jumps = ClockJumps(clock)
        stations.remember(journal.past.stations, clock.monotonic())
        self._waker.restore()

    def turn(self) -> None:
        """Wait for messages, and take them all the way: scored, kept, published, acknowledged, written."""
        messages = self._untouched + self._link.poll(self._patience())
        self._untouched = []
        begun = self._clock.monotonic()
        if jump := self._jumps.look():
            self._health.clock_jumps += 1
            self._log.warning("clock jumped", seconds=round(jump, 3))
            self._waker.jumped(jump)
        if self._link.became_ready():
            self._announcer.everything(self._keeper.batch)
        readings = self._work(messages) if messages else 0
        self._look_around()
        batch = self._keeper.batch
        self._pipeline.note((), batch)
        self._delivery.settle(batch)
        self._unacknowledged += messages[: len(messages) - len(self._untouched)]
        if self._keeper.keep():
            self._delivery.send()
            self._requests.turn()
            self._link.acknowledge(self._unacknowledged)
            self._unacknowledged = []
        else:
            if self._keeper.fault == "full":
                self._pipeline.prune_all(batch)
            self._delivery.send_presence()
        self._link.hold(self._keeper.fault is not None or self._delivery.full or bool(self._untouched))
        self._link.flush()
        if readings:
            self._health.batch(readings, self._clock.monotonic() - begun)
        self._feed_watchdog()

    def stop(self) -> None:
        """Say goodbye, so that nobody takes a planned stop for a failure."""
        self._watchdog.stopping()
        self._link.hold(True)
        self._delivery.retain(self._keeper.batch, self._topics.state, self._presence.stopped)
        left, in_vain = self._delivery.unsettled, 0
        while in_vain < _FAREWELL:
            self._delivery.settle(self._keeper.batch)
            if self._keeper.keep():
                self._delivery.send()
            else:
                self._delivery.send_presence()
            before, left = left, self._delivery.unsettled
            if not left or not self._link.connected:
                break
            in_vain = 0 if left < before else in_vain + 1
            self._link.poll(0.05)
        self._link.close()
        self._keeper.finish()

    def _patience(self) -> float:
        """How long this turn may wait [s]: until something is due."""
        wait = self._keeper.wait
        if wait is None and (self._requests.ready or self._delivery.ready or self._untouched):
            return 0.0
        until_health = max(0.0, self._next_health - self._clock.monotonic())
        tidy = _LOOK_EVERY if self._keeper.batch.untidy else _TURN
        return min(_TURN if wait is None else wait, tidy, until_health, self._watchdog.every or _TURN)

    def _work(self, messages: Sequence[Message]) -> int:
        """Take messages from payloads to what is handed over; returns how many readings were in them."""
        batch = self._keeper.batch
        try:
            count = self._waker.wake(messages, batch)
        except JournalError as error:
            self._keeper.hold(error)
            count = 0
        self._untouched = list(messages[count:])
        for message in messages[:count]:
            verb = self._topics.verb(message.topic)
            if message.retain:
                self._health.retained += 1
            elif verb is not None:
                self._requests.take(verb, message)
            else:
                self._pipeline.take(message, batch)
        results = self._pipeline.judge(batch)
        events = results.events
        now = self._clock.monotonic()
        new = []
        for station in results.heard:
            station.hear(now)
            events += self._panel.clear_stale(station.name)
            if not station.online:
                station.online, station.awaited = True, False
                new.append(station)
        self._delivery.hand_over(batch, results.verdicts, ())
        self._hand_over(events)
        self._pipeline.note(results.heard, batch)
        for station in new:
            self._log.info("station online", station=station.name, bundle=station.group.bundle.id)
            self._announcer.station(batch, station)
        return results.readings

    def _hand_over(self, events: Sequence[Event]) -> None:
        batch = self._keeper.batch
        self._delivery.hand_over(batch, (), events)
        for event in events:
            self._log.info(f"alarm {event.event_type}", station=event.station, kind=event.kind, id=event.id)
        for station in dict.fromkeys(event.station for event in events):
            self._announcer.alarm(batch, station)

    def _look_around(self) -> None:
        """Do what is due although no reading came."""
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            if events := self._panel.tick():
                self._hand_over(events)
            self._look_for_silent(now)
            self._watchdog.status(
                f"{'connected' if self._link.connected else 'waiting for the broker'}, "
                f"{sum(station.online for station in self._stations)} stations online"
                + (f", journal {self._keeper.fault}" if self._keeper.fault else "")
            )
        if now >= self._next_health:
            self._next_health = now + self._gateway.health.every
            message = self._health.message(
                self._link, self._delivery, self._keeper, stations=len(self._stations), requests=self._requests.answered
            )
            self._delivery.tell(self._topics.health, message)

    def _look_for_silent(self, now: float) -> None:
        if not self._link.connected or self._keeper.fault is not None:
            return  # we would not hear them
        if now > self._began + _AWAIT:
            try:
                self._waker.wake_one(self._keeper.batch)
            except JournalError as error:
                self._keeper.hold(error)
        for station in self._stations.fallen_silent(now):
            self._log.warning("station silent", station=station.name)
            self._hand_over(self._panel.raise_stale(station.name, n=station.state.n, bundle=station.group.bundle.id))
            self._announcer.station(self._keeper.batch, station)

    def _feed_watchdog(self) -> None:
        """Say that we are alive when both the link and the pipeline move, or the journal's fault has a name."""
        now = self._clock.monotonic()
        if not self._delivery.full:
            self._moved = now
        if self._link.alive and now - self._moved < _PATIENCE:
            self._watchdog.alive()

    def _everything(self) -> Iterable[Transaction]:
        """All that a fresh journal has to know."""
        yield from self._delivery.everything()
        yield Transaction(stations=self._pipeline.rows(), filters=self._announcer.filters)
