"""Backlog: scores on their way, until a broker's answer says that it has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.clock import Clock
from edge.journal.transaction import Score
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.link import Link, Receipt
from edge.mqtt.topics import Topics

SCORE_EXPIRY = 3600
"""A score that reached nobody for so long is history, not news [s]."""

MOST = 200
"""Batches without a confirmation: with more of them, no reading is taken until the broker answers."""

_A_TURN = 4  # batches that are published in one turn of the agent: scoring goes on while a backlog is sent


@dataclass(eq=False)
class _Batch:
    number: int
    scores: Sequence[Score]
    live: bool  # published while the connection lasts during which it was scored


class ScoreBacklog:
    """Batches of scores that no answer of the broker covers yet.

    Scores go at QoS 0. The last of a batch goes at QoS 1 when no such marker is in flight; because a broker handles
    the packets of one client in order, its PUBACK confirms every score before it. What is not confirmed when a
    connection ends goes again on the next, before anything newer, with ``"historical": true``.

    A marker that the broker refuses counts as an answer, too: the scores before it went the same way, to a topic that
    may not be written, and sending them again and again would keep all others from going. It is counted and logged;
    their readings stay in the journal.

    Parameters
    ----------
    link, topics
        Where to publish.
    clock
        Paces the log.
    batches
        What the journal has kept, by number, the oldest first.

    Attributes
    ----------
    number
        Of the next batch.
    confirmed
        Number up to which batches are confirmed.
    scores, historical, refused
        Published since the start; of these, again or late; markers that the broker refused.
    """

    def __init__(
        self, link: Link, topics: Topics, clock: Clock, batches: Sequence[tuple[int, Sequence[Score]]] = ()
    ) -> None:
        self.scores = self.historical = self.refused = self.confirmed = 0
        self._link = link
        self._topics = topics
        self._log = Log("backlog", clock)
        self._batches = deque(_Batch(number, scores, live=False) for number, scores in batches)
        self.number = batches[-1][0] + 1 if batches else 1
        self._next = 0  # of the batches, the first that is not published on this connection
        self._marker: tuple[int, int] | None = None  # packet identifier, and number of the batch that it closes

    def __len__(self) -> int:
        """Batches without a confirmation."""
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[int, Sequence[Score]]]:
        """They, by number, the oldest first."""
        return ((batch.number, batch.scores) for batch in self._batches)

    @property
    def ready(self) -> bool:
        """Whether something can be sent now."""
        return self._next < len(self._batches) and self._link.connected and not self._link.congested

    def put(self, scores: Sequence[Score]) -> int:
        """Take in a batch; returns the number under which the journal has to keep it before :meth:`send`."""
        self._batches.append(_Batch(self.number, scores, live=self._link.connected))
        self.number += 1
        return self.number - 1

    def reconnected(self) -> None:
        """Begin again with the oldest: what was on its way may have got nowhere."""
        self._next = 0
        self._marker = None
        for batch in self._batches:
            batch.live = False

    def settle(self, receipt: Receipt) -> bool:
        """Take in an answer of the broker; tells whether it was about a marker."""
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
        """Publish what may be: the journal has kept it."""
        for _ in range(_A_TURN):
            if not self.ready:
                return
            self._publish(self._batches[self._next])
            self._next += 1

    def _publish(self, batch: _Batch) -> None:
        last = len(batch.scores) - 1
        for i, (station, payload) in enumerate(batch.scores):
            topic = self._topics.score(station)
            body = payload if batch.live else payload[:-1] + b',"historical":true}'
            marks = i == last and self._marker is None
            mid = self._link.publish(topic, body, qos=int(marks), expiry=SCORE_EXPIRY)
            if mid is None:
                return  # the connection has ended: all of it goes again on the next
            if marks:
                self._marker = (mid, batch.number)
        self.scores += len(batch.scores)
        if not batch.live:
            self.historical += len(batch.scores)
