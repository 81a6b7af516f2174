"""Delivery: results on their way to the broker, and what happens to those that do not get there."""

from __future__ import annotations

import base64
import codecs
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from edge.clock import Clock, rfc3339
from edge.connection import Connection
from edge.errors import ReadingError
from edge.event import AlarmMessage, Event
from edge.log import ONCE_A_MINUTE, Log
from edge.message import Message
from edge.topics import Topics
from edge.verdict import Verdict

SCORE_EXPIRY = 3600
"""A score that reached nobody for so long is history, not news [s]."""

_OUTBOX = 1000  # events and dead letters that wait for their PUBACK
_IN_FLIGHT = 20  # QoS 1 publications at a time: what brokers take by default
_EXCERPT = 512  # [B] of a payload that a dead letter shows
_BURST = 60  # dead letters of one topic that go out at once ...
_PER_SECOND = 1.0  # ... and then
_MOST_TOPICS = 1000  # that are told apart


@dataclass
class Outcomes:
    """What delivery counts since the start."""

    scores: int = 0
    events: int = 0
    dead_letters: int = 0
    dead_letters_held_back: int = 0
    dropped: int = 0


class _Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    topic: str
    reason: str
    at: str | None
    payload: str
    encoding: str | None = None  # "base64"
    bytes: int
    received: str
    held_back: int = 0  # of this topic since the last one


@dataclass
class _Item:
    topic: str
    payload: bytes
    mid: int | None = None  # while it is in flight


@dataclass
class _Bucket:
    tokens: float
    filled: float
    held_back: int = 0


class Delivery:
    """Publishes verdicts, events, alarms and dead letters.

    Events and dead letters (QoS 1) wait in an outbox until the broker has confirmed them, over any number of
    connections. What is retained is not kept: it is asserted again on every connection.

    Parameters
    ----------
    link
        The connection.
    topics
        Where to publish.
    clock
        Paces dead letters.
    """

    def __init__(self, link: Connection, topics: Topics, clock: Clock) -> None:
        self.counts = Outcomes()
        self._link = link
        self._topics = topics
        self._clock = clock
        self._log = Log("delivery", clock)
        self._outbox: OrderedDict[int, _Item] = OrderedDict()
        self._next = 0
        self._connection = 0
        self._by_mid: dict[int, int] = {}
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Events and dead letters without a confirmation yet."""
        return len(self._outbox)

    def hand_over(self, verdicts: Sequence[Verdict], events: Sequence[Event]) -> None:
        """Take over the results of a batch: when this returns, its readings may be acknowledged.

        What it takes over lives in memory. The journal's one transaction belongs here, before anything is published.

        Parameters
        ----------
        verdicts
            Those to be published: QoS 0, each news for an hour.
        events
            Of the alarms, in order.
        """
        for event in events:
            self._put(self._topics.event(event.station), msgspec.json.encode(event))
        self.counts.events += len(events)
        for verdict in verdicts:
            payload = msgspec.json.encode(verdict)
            if self._link.publish(self._topics.score(verdict.station), payload, expiry=SCORE_EXPIRY) is not None:
                self.counts.scores += 1

    def alarm(self, message: AlarmMessage) -> None:
        """Publish what stands at a station (retained)."""
        self.retain(self._topics.alarm(message.station), message)

    def retain(self, topic: str, body: object) -> None:
        """Publish what holds until something else does."""
        self._link.publish(topic, msgspec.json.encode(body), qos=1, retain=True)

    def tell(self, topic: str, body: object) -> None:
        """Publish what is of use now or never (QoS 0)."""
        self._link.publish(topic, msgspec.json.encode(body))

    def refuse(self, message: Message, error: ReadingError) -> None:
        """Set a payload aside with the reason, unless its topic has had too many of them."""
        self.counts.dead_letters += 1
        held_back = self._take_token(message.topic)
        if held_back is None:
            self.counts.dead_letters_held_back += 1
            return
        excerpt = message.payload[:_EXCERPT]
        try:
            # A character that the cut went through is no reason to show the rest in base64.
            whole = len(message.payload) <= _EXCERPT
            text, encoding = codecs.getincrementaldecoder("utf-8")().decode(excerpt, final=whole), None
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(excerpt).decode(), "base64"
        letter = _Letter(
            topic=message.topic,
            reason=error.reason,
            at=error.at,
            payload=text,
            encoding=encoding,
            bytes=len(message.payload),
            received=rfc3339(message.received),
            held_back=held_back,
        )
        self._put(self._topics.deadletter, msgspec.json.encode(letter))
        self._log.warning("reading refused", every=ONCE_A_MINUTE, topic=message.topic, reason=str(error))

    def turn(self) -> None:
        """Settle what the broker has answered, and send what waits."""
        if self._connection != self._link.counts.connections:
            # What was in flight on the connection that is gone is sent again: at least once.
            self._connection = self._link.counts.connections
            self._by_mid.clear()
            for item in self._outbox.values():
                item.mid = None
        for receipt in self._link.receipts():
            number = self._by_mid.pop(receipt.mid, None)
            if number is not None and self._outbox.pop(number, None) is not None and receipt.refusal is not None:
                self.counts.dropped += 1  # the link has counted and logged it; asking again would not help
        if len(self._by_mid) == len(self._outbox):
            return
        for number, item in self._outbox.items():
            if self._link.in_flight >= _IN_FLIGHT:
                break
            if item.mid is None:
                item.mid = self._link.publish(item.topic, item.payload, qos=1)
                if item.mid is None:
                    break
                self._by_mid[item.mid] = number

    def _put(self, topic: str, payload: bytes) -> None:
        if len(self._outbox) >= _OUTBOX:
            # Dead letters go first: an event is worth more.
            letters = (n for n, item in self._outbox.items() if item.topic == self._topics.deadletter)
            del self._outbox[next(letters, next(iter(self._outbox)))]
            self.counts.dropped += 1
            self._log.warning("outbox full, the oldest is dropped", every=ONCE_A_MINUTE, most=_OUTBOX)
        self._outbox[self._next] = _Item(topic, payload)
        self._next += 1

    def _take_token(self, topic: str) -> int | None:
        """How many of a topic were held back before this one; ``None`` when this one is."""
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(topic, _Bucket(_BURST, now))
        if len(self._buckets) > _MOST_TOPICS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(_BURST, bucket.tokens + _PER_SECOND * (now - bucket.filled))
        bucket.filled = now
        if bucket.tokens < 1:
            bucket.held_back += 1
            return None
        bucket.tokens -= 1
        held_back, bucket.held_back = bucket.held_back, 0
        return held_back
