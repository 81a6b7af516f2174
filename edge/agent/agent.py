"""The agent: readings in; scores, alarms and answers out. Only this module connects all the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.settings.gateway import Gateway
from edge.agent.announcer import Announcer
from edge.agent.archive_recall import ArchiveRecall
from edge.agent.clock_jumps import ClockJumps
from edge.agent.closed_alarms import ClosedAlarmLabels
from edge.agent.collect_requests import CollectRequests
from edge.agent.health import Health
from edge.agent.health_reporter import HealthReporter
from edge.agent.home_assistant import HomeAssistant
from edge.agent.intake import Entry, Intake
from edge.agent.model_service import ModelService
from edge.agent.pipeline import Pipeline, Results
from edge.agent.presence import Presence
from edge.agent.recovery import Recovery
from edge.agent.requests import Requests
from edge.agent.shutdown import shut_down
from edge.agent.station_journal import StationJournal
from edge.agent.station_presence import StationPresence
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.archive.archive import Archive
from edge.clock import Clock
from edge.delivery.delivery import Delivery
from edge.errors import JournalError
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.journal.transaction import RateRow, Transaction
from edge.log import Log
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics

_CHECK_EVERY = 1.0  # [s] between two checks of what is due without a reading
_LONGEST_WAIT = 5.0  # [s] of one turn for messages
_BUSY_WAIT = 0.02  # [s] of one turn while a bundle is prepared
_UNANSWERED = 60.0  # [s] of full backlog, without an answer of the broker, after which the agent is not alive
_EXPECTED_FOR = 60.0  # [s] after the start, from when on stations of earlier runs are recovered without a message
_MOST_HELD = 10  # messages that wait for parts of readings; brokers send as few as 20 before an ack


class Agent:
    """One gateway at work; :meth:`turn` after turn, on one thread.

    Whatever a turn receives is published and acknowledged once the journal has committed it, and not before. While the
    journal cannot commit, turns go on: keepalive, health and ``state`` are published, and no reading is taken.

    Parameters
    ----------
    gateway
        Settings.
    stations
        The stations, with their bundles.
    link
        The connection.
    journal
        What survives a restart; :meth:`stop` closes it.
    presence
        What the agent publishes about itself.
    watchdog
        What it reports to systemd.
    clock
        Both clocks.
    archive
        Keeps readings for a training; :meth:`stop` closes it. ``None``: there is none.
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
        archive: Archive | None = None,
    ) -> None:
        self._stations = stations
        self._link = link
        self._presence = presence
        self._watchdog = watchdog
        self._clock = clock
        self._log = Log("agent", clock)
        self._archive = archive or Archive.off(clock)
        self._topics = Topics(gateway.topics.base)
        self._health = Health(clock, self._archive.report)
        self._panel = AlarmPanel(gateway.alarms, clock)
        self._delivery = Delivery(link, self._topics, clock, journal.recovered)
        self._home_assistant = HomeAssistant(gateway, stations, self._delivery, presence.version, journal.recovered)
        self._announcer = Announcer(
            stations, self._panel, self._delivery, self._home_assistant, link,
            presence=presence, topics=self._topics, recovered=journal.recovered,
        )  # fmt: skip
        self._station_presence = StationPresence(stations, self._panel, self._announcer, self._delivery, self._log)
        self._committer = Committer(journal, self._snapshot, clock)
        self._recovery = Recovery(stations, self._panel, journal, self._log, self._archive)
        self._intake = Intake(stations, self._recovery, self._delivery, health=self._health, log=self._log)
        every, health = gateway.scoring.publish_every, self._health
        self._pipeline = Pipeline(self._panel, self._delivery, self._archive, health=health, log=self._log, every=every)
        self._station_journal = StationJournal(stations, self._panel, journal, clock)
        self._models = ModelService(gateway, stations, self._committer, self._announcer, clock=clock)
        self._pipeline.rescue = self._models.rescue
        recall = ArchiveRecall(stations, journal, self._archive)
        self._requests = Requests(
            gateway,
            stations,
            self._panel,
            ClosedAlarmLabels(self._committer, clock),
            self._home_assistant,
            info=lambda: presence.info(stations, link.protocol),
            publish_events=self._queue_events,
            keep_rate=self._keep_rate,
            link=link,
            topics=self._topics,
            clock=clock,
            others={**self._models.verbs, **CollectRequests(self._archive, clock, recall).verbs},
        )
        self._held = False
        self._waiting: list[Message] = []  # until their stations have been recovered
        self._unacknowledged: list[Message] = []
        self._reporter = HealthReporter(
            self._health, stations, self._panel,
            link=link, delivery=self._delivery, committer=self._committer,
            topics=self._topics, every=gateway.health.every,
        )  # fmt: skip
        self._next_check = self._moved = self._began = clock.monotonic()
        self._jumps = ClockJumps(clock)
        self._committer.transaction.rate = stations.resume_rate(journal.recovered.rate)
        stations.remember(journal.recovered.stations, clock.monotonic(), journal.begins_at)
        self._intake.joining.restore(journal.recovered.parts, self._committer.transaction)
        self._recovery.restore_alarms()
        self._archive.note_events([*journal.recovered.closings, *self._panel.standing()])
        self._archive.settle(journal.recovered.labels)

    def turn(self) -> None:
        """Wait for messages; score, commit and publish what is in them, then acknowledge them."""
        messages = self._waiting + self._link.poll(self._longest_wait())
        begun = self._clock.monotonic()
        if jump := self._jumps.detect():
            self._health.clock_jumps += 1
            self._log.warning("clock jumped", seconds=round(jump, 3))
            self._recovery.shift_clock(jump)
            self._intake.joining.shift_clock(jump)
            self._models.shift_clock(jump)
        if self._link.became_ready():
            self._announcer.announce_all(self._committer.transaction)
        results = self._work(messages)
        self._check()
        transaction = self._committer.transaction
        self._station_journal.update([*results.stations, *self._models.turn(transaction)], transaction)
        if self._stations.gone:
            self._station_presence.forget_gone(self._station_journal, self._intake.joining, transaction)
        self._delivery.process_receipts(transaction)
        self._unacknowledged += messages[: len(messages) - len(self._waiting)]
        if self._committer.commit():
            self._archive.settle(transaction.labels)
            self._delivery.send()
            free = self._intake.joining.releasable(self._unacknowledged)
            self._link.acknowledge(self._unacknowledged[:free])
            self._unacknowledged = self._unacknowledged[free:]
            self._requests.turn()  # behind the acks: an answer that ends the connection must not bring its request back
        else:
            if self._committer.fault == "full":
                self._station_journal.prune_all(transaction)
            self._delivery.send_presence()
        self._held = self._committer.fault is not None or self._delivery.full or bool(self._waiting)
        self._link.hold(self._held)
        self._link.flush()
        if results.readings:
            self._health.count_batch(results.readings, self._clock.monotonic() - begun)
        self._feed_watchdog()

    def stop(self) -> None:
        """Publish a clean stop, so that nobody takes it for a failure, then close everything."""
        self._link.hold(True)
        self._delivery.retain(self._committer.transaction, self._topics.state, self._presence.stopped)
        self._models.close()
        shut_down(self._link, self._delivery, self._committer, self._archive)

    def _longest_wait(self) -> float:
        """Return how long this turn may wait for messages [s]: until something is due."""
        retry_in = self._committer.retry_in
        ready = self._requests.ready or self._delivery.ready or self._home_assistant.ready
        if retry_in is None and (ready or self._waiting):
            return 0.0
        if retry_in is None and self._models.busy:
            return _BUSY_WAIT
        until_tidy = _CHECK_EVERY if self._committer.transaction.untidy else _LONGEST_WAIT
        until_retry = _LONGEST_WAIT if retry_in is None else retry_in
        until_closed = _LONGEST_WAIT if retry_in is not None else max(0.0, self._intake.joining.due - self._clock.now())
        return min(until_retry, until_tidy, self._reporter.due_in, until_closed, self._watchdog.every or _LONGEST_WAIT)

    def _work(self, messages: Sequence[Message]) -> Results:
        """Take messages from payloads to queued results; messages that have to wait go to the next turn."""
        transaction = self._committer.transaction
        entries: list[Entry] = []
        taken = 0
        self._recovery.begin_turn(messages, self._clock.monotonic(), held=self._held)
        try:
            for message in messages:
                verb = self._topics.verb(message.topic)
                if message.topic == self._home_assistant.status:
                    self._home_assistant.note_status(message.payload)
                elif message.retain:
                    self._health.retained += 1
                elif verb is not None:
                    self._requests.take(verb, message)
                else:
                    read = self._intake.read(message, transaction)
                    if read is None:
                        break
                    entries += read
                taken += 1
        except JournalError as error:
            self._committer.note_unread(error)
        self._waiting = list(messages[taken:])
        if self._committer.fault is None:
            entries += self._intake.close_due(self._clock.now(), transaction)
            if len(self._unacknowledged) + taken > _MOST_HELD:
                self._intake.joining.save(transaction)
        results = self._pipeline.score(entries, transaction)
        came_online, events = self._station_presence.note_seen(results.stations, self._clock.monotonic())
        self._delivery.queue_scores(transaction, results.verdicts)
        self._queue_events(results.events + events)
        self._station_presence.announce_online(came_online, transaction)
        return results

    def _queue_events(self, events: Sequence[Event]) -> None:
        """Queue the events of alarms, and publish which alarms stand now."""
        transaction = self._committer.transaction
        self._delivery.queue_events(transaction, events)
        self._reporter.count_alarms(events)
        self._archive.note_events(events)
        for event in events:
            self._log.info(f"alarm {event.event_type}", **event.log_fields)
        for station in dict.fromkeys(event.station for event in events):
            self._announcer.announce_alarms(transaction, station)

    def _keep_rate(self, row: RateRow) -> None:
        """Journal the rate that a request has set, and publish it."""
        self._committer.transaction.rate = row
        self._announcer.announce_changed_info(self._committer.transaction)

    def _check(self) -> None:
        """Do what is due although no reading came."""
        now = self._clock.monotonic()
        self._home_assistant.turn(self._committer.transaction)
        if now >= self._next_check:
            self._next_check = now + _CHECK_EVERY
            if events := self._panel.tick():
                self._queue_events(events)
            self._check_silence(now)
            self._archive.turn()
            self._watchdog.status(
                f"{self._delivery.standing}, "
                f"{sum(station.online for station in self._stations)} stations online"
                + (f", journal {self._committer.fault}" if self._committer.fault else "")
            )
        if self._reporter.due_in <= 0:
            self._announcer.announce_changed_info(self._committer.transaction)
            self._home_assistant.check()
            self._reporter.publish(self._requests.answered)

    def _check_silence(self, now: float) -> None:
        """Take silent stations offline, and raise their alarms."""
        if not self._link.connected or self._committer.fault is not None:
            return  # their readings could not arrive
        if now > self._began + _EXPECTED_FOR:
            try:
                self._recovery.recover_one(self._committer.transaction)
            except JournalError as error:
                self._committer.note_unread(error)
        self._station_presence.announce_silent(now, self._committer.transaction, self._queue_events)

    def _feed_watchdog(self) -> None:
        """Feed the watchdog while the link is alive and the backlog moves."""
        now = self._clock.monotonic()
        self._moved = self._moved if self._delivery.full else now
        if self._link.alive and now - self._moved < _UNANSWERED:
            self._watchdog.alive()

    def _snapshot(self) -> Iterable[Transaction]:
        """Yield transactions with everything that a fresh journal has to contain."""
        yield from self._delivery.snapshot()
        yield self._station_journal.snapshot()
        rest = Transaction(filters=self._announcer.filters, rate=self._stations.rate_request)
        self._intake.joining.save(rest, everything=True)
        yield rest
