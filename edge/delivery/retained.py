"""Keeps the broker's retained topics up to date, and clears those that no longer apply."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from edge.clock import Clock
from edge.delivery.outbox import IN_FLIGHT
from edge.delivery.topic_backoff import TopicBackoff
from edge.mqtt.link import Link, Receipt


class Retained:
    """Publishes the latest content of each topic until the broker has confirmed it.

    Parameters
    ----------
    link
        The connection.
    clock
        Paces the retries of what is refused.
    topics
        Topics that may be retained at the broker from earlier runs.

    Attributes
    ----------
    topics
        Topics that may be retained at the broker.
    """

    def __init__(self, link: Link, clock: Clock, topics: Iterable[str] = ()) -> None:
        self.topics = set(topics)
        self._link = link
        self._backoff = TopicBackoff(clock)
        self._unconfirmed: dict[str, bytes] = {}  # topic -> latest content
        self._due: dict[str, None] = {}
        self._in_flight: dict[int, tuple[str, bytes]] = {}

    def __len__(self) -> int:
        """Number of topics whose latest content the broker has not confirmed."""
        return len(self._unconfirmed)

    def retain(self, topic: str, payload: bytes) -> bool:
        """Queue a topic's content; returns whether the topic is new: then :meth:`send` has to wait for its commit."""
        self._unconfirmed[topic] = payload
        self._due[topic] = None
        new = topic not in self.topics
        self.topics.add(topic)
        return new

    def confirmed(self, topic: str) -> bool:
        """Return whether the broker has confirmed the latest content of a topic."""
        return topic in self.topics and topic not in self._unconfirmed

    def clear_others(self, topics: Collection[str]) -> int:
        """Clear every other topic that may be retained; returns how many."""
        orphans = self.topics.difference(topics)
        for topic in orphans:
            self._unconfirmed[topic] = b""
            self._due[topic] = None
        return len(orphans)

    def clear(self, topic: str) -> None:
        """Clear a topic, if it may be retained."""
        if topic in self.topics:
            self._unconfirmed[topic] = b""
            self._due[topic] = None

    def reconnected(self) -> None:
        """Send again what was in flight on the lost connection."""
        self._due = dict.fromkeys(self._unconfirmed)
        self._in_flight.clear()

    def process(self, receipt: Receipt) -> str | None:
        """Note a receipt of the broker; returns the topic if it is cleared now."""
        topic, payload = self._in_flight.pop(receipt.mid, ("", b""))
        if not topic:
            return None
        if receipt.refusal is not None:
            self._backoff.refused(topic)
            self._due[topic] = None
            return None
        self._backoff.accepted(topic)
        if self._unconfirmed.get(topic) is not payload:
            return None
        del self._unconfirmed[topic]
        if payload:
            return None
        self.topics.discard(topic)
        return topic

    def send(self, only: Collection[str] | None = None) -> None:
        """Publish what is due, of the topics in ``only`` or of all."""
        for topic in [topic for topic in self._due if only is None or topic in only]:
            if self._link.in_flight >= IN_FLIGHT or self._link.congested:
                return
            if not self._backoff.is_due(topic):
                continue
            payload = self._unconfirmed[topic]
            mid = self._link.publish(topic, payload, qos=1, retain=True)
            if mid is None:
                return
            self._in_flight[mid] = (topic, payload)
            del self._due[topic]
