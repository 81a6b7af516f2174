"""Keeps batches of scores until the broker has confirmed them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from edge.clock import Clock
from edge.delivery.as_historical import as_historical
from edge.journal.transaction import Score
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.link import Link, Receipt
from edge.mqtt.topics import Topics

SCORE_EXPIRY = 3600
"""Message expiry interval of a score [s]."""

MOST = 200
"""Unconfirmed batches; from here on no reading is taken until the broker answers."""

_PER_TURN = 4  # batches published in one turn of the agent: scoring goes on while a backlog is sent


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Sent behind scores; the broker's answer to it confirms them. Nobody needs to read it.

    Parameters
    ----------
    batch
        Number of the batch of scores before it.
    """

    batch: int


@dataclass(eq=False)
class ScoreBatch:
    """Scores of one transaction.

    Parameters
    ----------
    number
        Number in the journal.
    scores
        Stations and score messages, in order.
    live
        Whether the connection during which they were made still lasts.
    """

    number: int
    scores: Sequence[Score]
    live: bool


class ScoreBacklog:
    """Unconfirmed batches of scores.

    Scores are published at QoS 0. Behind a batch goes a marker at QoS 1 unless one is in flight; because a broker
    handles the packets of one client in order, its PUBACK confirms every score before it. The marker is no score: to a
    subscriber who is slow, brokers send what is at QoS 0 ahead of what is at QoS 1. Scores that are not confirmed when
    a connection ends are published again on the next, before anything newer, with ``"historical": true``.

    A refused marker counts as confirmation, too: whoever may not write it may hardly write scores, and sending them
    again and again would hold back all others. It is counted and logged; the readings stay in the journal.

    Parameters
    ----------
    link
        The connection.
    topics
        Where to publish.
    clock
        Paces the log.
    batches
        Numbers and scores that the journal contains, the oldest first.

    Attributes
    ----------
    number
        Number of the next batch.
    confirmed
        Number up to which batches are confirmed.
    scores
        Scores published since the start.
    historical
        Scores among them that were published with ``"historical": true``.
    refused
        Markers that the broker refused, and scores that are too large for it.
    """

    def __init__(
        self, link: Link, topics: Topics, clock: Clock, batches: Sequence[tuple[int, Sequence[Score]]] = ()
    ) -> None:
        self.scores = self.historical = self.refused = self.confirmed = 0
        self._link = link
        self._topics = topics
        self._log = Log("backlog", clock)
        self._batches = deque(ScoreBatch(number, scores, live=False) for number, scores in batches)
        self.number = batches[-1][0] + 1 if batches else 1
        self._next = 0  # index of the first batch that is not published on this connection
        self._marker: tuple[int, int] | None = None  # packet identifier, and number of its batch

    def __len__(self) -> int:
        """Number of unconfirmed batches."""
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[int, Sequence[Score]]]:
        """Iterate over (number, scores), the oldest first."""
        return ((batch.number, batch.scores) for batch in self._batches)

    @property
    def ready(self) -> bool:
        """Whether a batch can be sent now."""
        return self._next < len(self._batches) and self._link.connected and not self._link.congested

    def put(self, scores: Sequence[Score]) -> int:
        """Queue a batch; returns its number. The journal has to commit it before :meth:`send`."""
        self._batches.append(ScoreBatch(self.number, scores, live=self._link.connected))
        self.number += 1
        return self.number - 1

    def reconnected(self) -> None:
        """Begin again with the oldest batch: what was in flight may be lost."""
        self._next = 0
        self._marker = None
        for batch in self._batches:
            batch.live = False

    def process(self, receipt: Receipt) -> bool:
        """Note a receipt of the broker; returns whether it was a marker's."""
        if self._marker is None or receipt.mid != self._marker[0]:
            return False
        if receipt.refusal is not None:
            self.refused += 1
            self._log.error(
                "broker refused scores", every=ONCE_A_MINUTE, topic=receipt.topic, reason=receipt.refusal,
                fix="allow the agent to write there",
            )  # fmt: skip
        self.confirmed, self._marker = self._marker[1], None
        while self._batches and self._batches[0].number <= self.confirmed:
            self._batches.popleft()
            self._next -= 1
        return True

    def send(self) -> None:
        """Publish a few batches; the journal must have committed them."""
        for _ in range(_PER_TURN):
            if not self.ready:
                return
            self._publish(self._batches[self._next])
            self._next += 1

    def _publish(self, batch: ScoreBatch) -> None:
        limited = self._link.payload_limit("") is not None
        for station, payload in batch.scores:
            topic = self._topics.score(station)
            body = payload if batch.live else as_historical(payload)
            if limited and not self._fits(topic, body):
                continue
            if self._link.publish(topic, body, expiry=SCORE_EXPIRY) is None:
                return  # the connection has ended: the whole batch is published again on the next
        if self._marker is None:
            body = msgspec.json.encode(Marker(batch=batch.number))
            mid = self._link.publish(self._topics.marker, body, qos=1, expiry=SCORE_EXPIRY)
            if mid is None:
                return
            self._marker = (mid, batch.number)
        self.scores += len(batch.scores)
        if not batch.live:
            self.historical += len(batch.scores)

    def _fits(self, topic: str, body: bytes) -> bool:
        """Return whether the broker takes a score of this size; one that it does not is counted and logged."""
        limit = self._link.payload_limit(topic)
        if limit is None or len(body) <= limit:
            return True
        self.refused += 1
        self._log.error(
            "scores are too large for the broker", every=ONCE_A_MINUTE, topic=topic, lost=self.refused,
            fix="raise or remove max_packet_size in mosquitto.conf",
        )  # fmt: skip
        return False
