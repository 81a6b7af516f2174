"""Delivery: results on their way to the broker, and what happens to those that do not get there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from edge.alarms.event import AlarmMessage, Event
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
    """What delivery counts since the start.

    Attributes
    ----------
    scores, historical, scores_refused
        Published; of these, again or late; and markers that the broker refused.
    events, dead_letters, dead_letters_held_back
        Made, the last for the flood that they would be.
    dropped
        Events and dead letters for which the outbox had no room.
    """

    scores: int = 0
    historical: int = 0
    scores_refused: int = 0
    events: int = 0
    dead_letters: int = 0
    dead_letters_held_back: int = 0
    dropped: int = 0


class Delivery:
    """Publishes verdicts, events, alarms and dead letters, once the journal has kept them.

    What is taken over goes into a :class:`~edge.journal.transaction.Transaction`. Only when that has been committed may
    :meth:`send` be called: nobody hears of what a crash would undo.

    Parameters
    ----------
    link
        The connection.
    topics
        Where to publish.
    clock
        Paces dead letters and retries.
    past
        What the journal has kept of earlier runs.
    """

    def __init__(self, link: Link, topics: Topics, clock: Clock, past: Recovered) -> None:
        self._link = link
        self._topics = topics
        self._log = Log("delivery", clock)
        self._letters = DeadLetters(clock)
        self._backlog = ScoreBacklog(link, topics, clock, past.scores)
        self._outbox = Outbox(link, clock, past.outbox)
        self._retained = Retained(link, clock, past.retained)
        self._presence = (topics.state, topics.info)
        self._connection = 0
        self._events = self._dropped = 0

    @property
    def counts(self) -> DeliveryCounts:
        """What happened since the start."""
        return DeliveryCounts(
            scores=self._backlog.scores,
            historical=self._backlog.historical,
            scores_refused=self._backlog.refused,
            events=self._events,
            dead_letters=self._letters.written,
            dead_letters_held_back=self._letters.held_back,
            dropped=self._dropped,
        )

    @property
    def waiting(self) -> int:
        """Events and dead letters without a confirmation yet."""
        return len(self._outbox)

    @property
    def backlog(self) -> int:
        """Batches of scores without a confirmation yet."""
        return len(self._backlog)

    @property
    def full(self) -> bool:
        """Whether so many scores are on their way that no reading should be taken."""
        return len(self._backlog) >= MOST

    @property
    def ready(self) -> bool:
        """Whether scores can be sent without waiting for anything."""
        return self._backlog.ready

    @property
    def unsettled(self) -> int:
        """Batches, rows and retained topics that the broker has not confirmed."""
        return len(self._backlog) + len(self._outbox) + len(self._retained)

    def hand_over(self, batch: Transaction, verdicts: Sequence[Verdict], events: Sequence[Event]) -> None:
        """Take over results.

        Parameters
        ----------
        batch
            Gets what the journal has to keep.
        verdicts
            Those to be published.
        events
            Of the alarms, in order.
        """
        self._follow()
        for event in events:
            kind = "close" if event.event_type == "close" else "event"
            self._put(batch, kind, self._topics.event(event.station), msgspec.json.encode(event), event.id)
        self._events += len(events)
        if verdicts:
            encode = _ENCODER.encode
            batch.scores += [(verdict.station, encode(verdict)) for verdict in verdicts]

    def refuse(self, batch: Transaction, message: Message, error: ReadingError) -> None:
        """Set a payload aside with the reason, unless its topic has had too many of them."""
        letter = self._letters.write(message, error)
        if letter is not None:
            self._put(batch, "deadletter", self._topics.deadletter, letter)
            self._log.warning("reading refused", every=ONCE_A_MINUTE, topic=message.topic, reason=str(error))

    def alarm(self, batch: Transaction, message: AlarmMessage) -> None:
        """Say what stands at a station (retained)."""
        self.retain(batch, self._topics.alarm(message.station), message)

    def retain(self, batch: Transaction, topic: str, body: object) -> None:
        """Say what holds until something else does."""
        if self._retained.retain(topic, msgspec.json.encode(body)):
            batch.asserted.append(topic)

    def retain_only(self, topics: Collection[str]) -> None:
        """Let the broker forget whatever else earlier runs have retained."""
        if orphans := self._retained.clear_others(topics):
            self._log.info("retained topics that nobody asserts any more are cleared", topics=orphans)

    def tell(self, topic: str, body: object) -> None:
        """Publish what is of use now or never (QoS 0)."""
        self._link.publish(topic, msgspec.json.encode(body))

    def settle(self, batch: Transaction) -> None:
        """Take in what the broker has answered, and close the batch of scores."""
        self._follow()
        for receipt in self._link.receipts():
            if self._backlog.settle(receipt):
                batch.confirmed = self._backlog.confirmed
            elif (row := self._outbox.settle(receipt)) is not None:
                batch.delivered.append(row)
            elif (topic := self._retained.settle(receipt)) is not None:
                batch.cleared.append(topic)
        if batch.scores and not batch.number:
            batch.number = self._backlog.put(batch.scores)

    def send(self) -> None:
        """Publish what waits, all of which the journal has kept."""
        self._backlog.send()
        self._retained.send()
        self._outbox.send()

    def send_presence(self) -> None:
        """Publish what is no result: that, and how, the agent lives."""
        self._retained.send(self._presence)

    def everything(self) -> Iterator[Transaction]:
        """Everything on its way, for a fresh journal."""
        for number, scores in self._backlog:
            yield Transaction(number=number, scores=list(scores))
        yield Transaction(outbox=list(self._outbox), asserted=sorted(self._retained.manifest))

    def _follow(self) -> None:
        """Let everything go again on a new connection: before anything that was made during it is put beside it."""
        if self._connection != self._link.counts.connections:
            self._connection = self._link.counts.connections
            for part in (self._backlog, self._outbox, self._retained):
                part.reconnected()

    def _put(self, batch: Transaction, kind: str, topic: str, payload: bytes, alarm: str | None = None) -> None:
        batch.outbox.append(self._outbox.put(kind, topic, payload, alarm))
        if gone := self._outbox.overflow():
            self._dropped += len(gone)
            batch.delivered += gone
            batch.outbox = [row for row in batch.outbox if row.id not in gone]
            self._log.warning("outbox full: what matters least is dropped", every=ONCE_A_MINUTE, dropped=self._dropped)


_ENCODER = msgspec.json.Encoder()
