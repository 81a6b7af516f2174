"""Publishes verdicts, events, alarms and dead letters once the journal has committed them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from edge.alarms.event import Event
from edge.clock import Clock
from edge.delivery.dead_letters import DeadLetters
from edge.delivery.outbox import Outbox
from edge.delivery.retained import Retained
from edge.delivery.score_backlog import MOST, ScoreBacklog
from edge.errors import ReadingError
from edge.journal.schema import Recovered
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.scoring.verdict import Verdict


@dataclass
class DeliveryCounts:
    """Counts since the start.

    Attributes
    ----------
    scores
        Scores published.
    historical
        Scores among them that were published again, or after the connection they were made on.
    scores_refused
        Markers that the broker refused, see :class:`~edge.delivery.score_backlog.ScoreBacklog`.
    events
        Events queued.
    dead_letters
        Payloads that could not be used.
    dead_letters_held_back
        Payloads among them whose topic had too many of them to publish every one.
    dropped
        Events and dead letters that the full outbox dropped.
    """

    scores: int = 0
    historical: int = 0
    scores_refused: int = 0
    events: int = 0
    dead_letters: int = 0
    dead_letters_held_back: int = 0
    dropped: int = 0


class Delivery:
    """Queues what is to be published, and publishes it once the journal has committed it.

    What is queued goes into a :class:`~edge.journal.transaction.Transaction`. Only when that has been committed may
    :meth:`send` be called: nothing is published that a crash would undo.

    Parameters
    ----------
    link
        The connection.
    topics
        Where to publish.
    clock
        Paces dead letters and retries.
    recovered
        What the journal contains from earlier runs.
    """

    def __init__(self, link: Link, topics: Topics, clock: Clock, recovered: Recovered) -> None:
        self._link = link
        self._topics = topics
        self._log = Log("delivery", clock)
        self._dead_letters = DeadLetters(clock)
        self._backlog = ScoreBacklog(link, topics, clock, recovered.scores)
        self._outbox = Outbox(link, clock, recovered.outbox)
        self._retained = Retained(link, clock, recovered.retained)
        self._presence = (topics.state, topics.info)
        self._connection = 0
        self._events = self._dropped = 0

    @property
    def counts(self) -> DeliveryCounts:
        """Counts since the start."""
        return DeliveryCounts(
            scores=self._backlog.scores,
            historical=self._backlog.historical,
            scores_refused=self._backlog.refused,
            events=self._events,
            dead_letters=self._dead_letters.written,
            dead_letters_held_back=self._dead_letters.held_back,
            dropped=self._dropped,
        )

    @property
    def waiting(self) -> int:
        """Events and dead letters that the broker has not confirmed."""
        return len(self._outbox)

    @property
    def backlog(self) -> int:
        """Batches of scores that the broker has not confirmed."""
        return len(self._backlog)

    @property
    def full(self) -> bool:
        """Whether too many scores are unconfirmed for another reading to be taken."""
        return len(self._backlog) >= MOST

    @property
    def ready(self) -> bool:
        """Whether scores can be sent without waiting for anything."""
        return self._backlog.ready

    @property
    def unconfirmed(self) -> int:
        """Batches, rows and retained topics that the broker has not confirmed."""
        return len(self._backlog) + len(self._outbox) + len(self._retained)

    @property
    def standing(self) -> str:
        """How the agent stands with the broker: ``online`` once the broker has confirmed that it is."""
        if not self._link.connected:
            return "waiting for the broker"
        return "online" if self._retained.confirmed(self._topics.state) else "connected"

    def queue_scores(self, transaction: Transaction, verdicts: Sequence[Verdict]) -> None:
        """Queue the scores of readings, in order."""
        self._follow_connection()
        encode = _ENCODER.encode
        transaction.scores += [(verdict.station, encode(verdict)) for verdict in verdicts]

    def queue_events(self, transaction: Transaction, events: Sequence[Event]) -> None:
        """Queue the events of alarms, in order."""
        self._follow_connection()
        for event in events:
            kind = "close" if event.event_type == "close" else "event"
            self._queue(transaction, kind, self._topics.event(event.station), _ENCODER.encode(event), event.id)
        self._events += len(events)

    def dead_letter(self, transaction: Transaction, message: Message, error: ReadingError) -> None:
        """Queue a payload that cannot be used, with the reason, unless its topic has had too many of them."""
        letter = self._dead_letters.write(message, error)
        if letter is not None:
            self._queue(transaction, "deadletter", self._topics.deadletter, letter)
            topic = message.topic
            self._log.warning("reading refused", every=ONCE_A_MINUTE, of=topic, topic=topic, reason=str(error))

    def retain(self, transaction: Transaction, topic: str, body: object) -> None:
        """Queue the content of a retained topic, in place of the one before."""
        if self._retained.retain(topic, _ENCODER.encode(body)):
            transaction.asserted.append(topic)

    def retain_only(self, topics: Collection[str]) -> None:
        """Clear every other topic that earlier runs have retained."""
        if orphans := self._retained.clear_others(topics):
            self._log.info("retained topics that nobody asserts any more are cleared", topics=orphans)

    def clear_retained(self, topics: Iterable[str]) -> None:
        """Clear retained topics."""
        for topic in topics:
            self._retained.clear(topic)

    def confirmed(self, topic: str) -> bool:
        """Return whether the broker has confirmed the latest content of a retained topic."""
        return self._retained.confirmed(topic)

    def publish_now(self, topic: str, body: object) -> None:
        """Publish what is of no use later (QoS 0); the journal does not contain it."""
        self._link.publish(topic, _ENCODER.encode(body))

    def process_receipts(self, transaction: Transaction) -> None:
        """Note what the broker has confirmed, and number the batch of scores."""
        self._follow_connection()
        for receipt in self._link.receipts():
            if self._backlog.process(receipt):
                transaction.confirmed = self._backlog.confirmed
            elif (row := self._outbox.process(receipt)) is not None:
                transaction.delivered.append(row)
            elif (topic := self._retained.process(receipt)) is not None:
                transaction.cleared.append(topic)
        if transaction.scores and not transaction.number:
            transaction.number = self._backlog.put(transaction.scores)

    def send(self) -> None:
        """Publish what is queued; the journal must have committed it."""
        self._backlog.send()
        self._retained.send()
        self._outbox.send()

    def send_presence(self) -> None:
        """Publish only ``state`` and ``info``, which are correct whether the journal works or not."""
        self._retained.send(self._presence)

    def snapshot(self) -> Iterator[Transaction]:
        """Yield transactions with everything unconfirmed, for a fresh journal."""
        for number, scores in self._backlog:
            yield Transaction(number=number, scores=list(scores))
        yield Transaction(outbox=list(self._outbox), asserted=sorted(self._retained.topics))

    def _follow_connection(self) -> None:
        """After a reconnection, send everything unconfirmed again, before anything new is queued behind it."""
        if self._connection != self._link.counts.connections:
            self._connection = self._link.counts.connections
            for part in (self._backlog, self._outbox, self._retained):
                part.reconnected()

    def _queue(self, transaction: Transaction, kind: str, topic: str, payload: bytes, alarm: str | None = None) -> None:
        transaction.outbox.append(self._outbox.put(kind, topic, payload, alarm))
        if dropped := self._outbox.drop_excess():
            self._dropped += len(dropped)
            transaction.delivered += dropped
            transaction.outbox = [row for row in transaction.outbox if row.id not in dropped]
            self._log.warning("outbox full: what matters least is dropped", every=ONCE_A_MINUTE, dropped=self._dropped)


_ENCODER = msgspec.json.Encoder()
