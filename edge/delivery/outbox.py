"""Outbox: events and dead letters, which stay until the broker has taken them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from edge.clock import Clock
from edge.delivery.topic_backoff import TopicBackoff
from edge.journal.transaction import OutboxRow
from edge.mqtt.link import Link, Receipt

MOST = 10_000
"""Rows that may wait."""

_HISTORICAL = (b'"historical":false', b'"historical":true')

IN_FLIGHT = 20
"""QoS 1 publications at a time: what brokers take by default."""


class Outbox:
    """Rows on their way, in order by topic: of each topic one at a time is in flight.

    A row that the broker refuses stays, is tried again with growing delay, and holds back its own topic only. MQTT
    3.1.1 knows no refusals: there a row that may not be published is lost without a word. An event that is older than
    the connection goes with ``"historical": true``, as the scores do.

    Parameters
    ----------
    link
        The connection.
    clock
        Paces the retries.
    rows
        What the journal has kept, the oldest first.
    """

    def __init__(self, link: Link, clock: Clock, rows: Sequence[OutboxRow] = ()) -> None:
        self._link = link
        self._retries = TopicBackoff(clock)
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
        """The rows, the oldest first."""
        return iter(sorted(row for queue in self._queues.values() for row in queue))

    def put(self, kind: str, topic: str, payload: bytes, alarm: str | None = None) -> OutboxRow:
        """Take in a message; returns the row that the journal has to keep before :meth:`send`."""
        row = OutboxRow(self._next, kind, alarm, topic, payload)
        self._next += 1
        self._add(row)
        return row

    def overflow(self) -> list[int]:
        """Drop what is too much: dead letters first, then events of alarms that are closed, then the oldest.

        Returns
        -------
        list of int
            Numbers of the rows that are gone.
        """
        gone = []
        while self._count > MOST:
            row = self._victim()
            self._remove(row)
            gone.append(row.id)
        return gone

    def reconnected(self) -> None:
        """Send again what was in flight on the connection that is gone: all that waits is history now."""
        self._live = self._next
        self._idle = dict.fromkeys(self._queues)
        self._in_flight.clear()

    def settle(self, receipt: Receipt) -> int | None:
        """Take in an answer of the broker; returns the number of the row that is delivered by it."""
        row = self._in_flight.pop(receipt.mid, None)
        if row is None:
            return None
        if receipt.refusal is not None:
            self._retries.refused(row.topic)
            self._idle[row.topic] = None
            return None
        self._retries.taken(row.topic)
        self._remove(row)
        return row.id

    def send(self) -> None:
        """Publish what may be: the journal has kept it."""
        for topic in list(self._idle):
            if self._link.in_flight >= IN_FLIGHT or self._link.congested:
                return
            if not self._retries.may(topic):
                continue
            row = self._queues[topic][0]
            payload = row.payload
            if row.id < self._live and row.kind != "deadletter":
                payload = payload.replace(*_HISTORICAL, 1)
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

    def _victim(self) -> OutboxRow:
        letters = [queue[0] for queue in self._queues.values() if queue[0].kind == "deadletter"]
        if letters:
            return min(letters)
        rows = list(self)
        closed = {row.alarm for row in rows if row.kind == "close"}
        return next((row for row in rows if row.alarm in closed), rows[0])
