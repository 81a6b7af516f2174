"""Keeps events and dead letters until the broker has confirmed them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from edge.clock import Clock
from edge.delivery.as_historical import as_historical
from edge.delivery.topic_backoff import TopicBackoff
from edge.journal.transaction import OutboxRow
from edge.mqtt.link import Link, Receipt

MOST = 10_000
"""Most rows that may wait."""

IN_FLIGHT = 20
"""Most QoS 1 publications at a time: what brokers accept by default."""


class Outbox:
    """Unconfirmed messages, in order within a topic: one at a time of each topic is in flight.

    A message that the broker refuses stays, is tried again with growing delay, and holds back its own topic only. MQTT
    3.1.1 has no refusals: a message that may not be published is lost there without notice. An event that is older than
    the connection is published with ``"historical": true``, as scores are.

    Parameters
    ----------
    link
        The connection.
    clock
        Paces the retries.
    rows
        What the journal contains, the oldest first.
    """

    def __init__(self, link: Link, clock: Clock, rows: Sequence[OutboxRow] = ()) -> None:
        self._link = link
        self._backoff = TopicBackoff(clock)
        self._queues: dict[str, deque[OutboxRow]] = {}
        self._idle: dict[str, None] = {}  # topics with rows, none of them in flight
        self._in_flight: dict[int, OutboxRow] = {}
        self._count = 0
        self._next = self._live = rows[-1].id + 1 if rows else 1
        for row in rows:
            self._add(row)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[OutboxRow]:
        """Iterate over the rows, the oldest first."""
        return iter(sorted(row for queue in self._queues.values() for row in queue))

    def put(self, kind: str, topic: str, payload: bytes, alarm: str | None = None) -> OutboxRow:
        """Queue a message; returns the row that the journal has to commit before :meth:`send`."""
        row = OutboxRow(self._next, kind, alarm, topic, payload)
        self._next += 1
        self._add(row)
        return row

    def drop_excess(self) -> list[int]:
        """Drop rows above the limit: dead letters first, then events of alarms that are closed, then the oldest.

        Returns
        -------
        list of int
            Numbers of the dropped rows.
        """
        dropped = []
        while self._count > MOST:
            row = self._least_important()
            self._remove(row)
            dropped.append(row.id)
        return dropped

    def reconnected(self) -> None:
        """Send again what was in flight on the lost connection; everything that waits is historical now."""
        self._live = self._next
        self._idle = dict.fromkeys(self._queues)
        self._in_flight.clear()

    def process(self, receipt: Receipt) -> int | None:
        """Note a receipt of the broker; returns the number of the row whose delivery it confirms."""
        row = self._in_flight.pop(receipt.mid, None)
        if row is None:
            return None
        if receipt.refusal is not None:
            self._backoff.refused(row.topic)
            self._idle[row.topic] = None
            return None
        self._backoff.accepted(row.topic)
        self._remove(row)
        return row.id

    def send(self) -> None:
        """Publish what is due; the journal must have committed it."""
        for topic in list(self._idle):
            if self._link.in_flight >= IN_FLIGHT or self._link.congested:
                return
            if not self._backoff.is_due(topic):
                continue
            row = self._queues[topic][0]
            payload = row.payload
            if row.id < self._live and row.kind != "deadletter":
                payload = as_historical(payload)
            mid = self._link.publish(topic, payload, qos=1)
            if mid is None:
                return
            self._in_flight[mid] = row
            del self._idle[topic]

    def _add(self, row: OutboxRow) -> None:
        queue = self._queues.get(row.topic)
        if queue is None:
            queue = self._queues[row.topic] = deque()
            self._idle[row.topic] = None
        queue.append(row)
        self._count += 1

    def _remove(self, row: OutboxRow) -> None:
        queue = self._queues[row.topic]
        if row in queue:
            queue.remove(row)
            self._count -= 1
        if not queue:
            del self._queues[row.topic]
            self._idle.pop(row.topic, None)
        elif row.topic not in (each.topic for each in self._in_flight.values()):
            self._idle[row.topic] = None

    def _least_important(self) -> OutboxRow:
        dead_letters = [queue[0] for queue in self._queues.values() if queue[0].kind == "deadletter"]
        if dead_letters:
            return min(dead_letters)
        rows = list(self)
        closed = {row.alarm for row in rows if row.kind == "close"}
        return next((row for row in rows if row.alarm in closed), rows[0])
