"""Retained: what the broker keeps for whoever comes later, and what it has to forget."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from edge.clock import Clock
from edge.delivery.outbox import IN_FLIGHT
from edge.delivery.topic_backoff import TopicBackoff
from edge.mqtt.link import Link, Receipt


class Retained:
    """Latest wins: of each topic only what holds now is published, and again until the broker has taken it.

    Parameters
    ----------
    link
        The connection.
    clock
        Paces the retries of what is refused.
    manifest
        Topics that may be retained at the broker from earlier runs.

    Attributes
    ----------
    manifest
        Topics that may be retained at the broker.
    """

    def __init__(self, link: Link, clock: Clock, manifest: Iterable[str] = ()) -> None:
        self.manifest = set(manifest)
        self._link = link
        self._retries = TopicBackoff(clock)
        self._wanted: dict[str, bytes] = {}  # and not confirmed
        self._due: dict[str, None] = {}
        self._in_flight: dict[int, tuple[str, bytes]] = {}

    def __len__(self) -> int:
        """Topics whose latest content the broker has not confirmed."""
        return len(self._wanted)

    def retain(self, topic: str, payload: bytes) -> bool:
        """Publish what holds; tells whether the topic is new, and the journal has to keep it before :meth:`send`."""
        self._wanted[topic] = payload
        self._due[topic] = None
        new = topic not in self.manifest
        self.manifest.add(topic)
        return new

    def clear_others(self, topics: Collection[str]) -> int:
        """Let the broker forget what an earlier run retained and nobody asserts any more; returns how many."""
        orphans = self.manifest.difference(topics)
        for topic in orphans:
            self._wanted[topic] = b""
            self._due[topic] = None
        return len(orphans)

    def reconnected(self) -> None:
        """Send again what was in flight on the connection that is gone."""
        self._due = dict.fromkeys(self._wanted)
        self._in_flight.clear()

    def settle(self, receipt: Receipt) -> str | None:
        """Take in an answer of the broker; returns the topic that it has forgotten now."""
        topic, payload = self._in_flight.pop(receipt.mid, ("", b""))
        if not topic:
            return None
        if receipt.refusal is not None:
            self._retries.refused(topic)
            self._due[topic] = None
            return None
        self._retries.taken(topic)
        if self._wanted.get(topic) is not payload:
            return None
        del self._wanted[topic]
        if payload:
            return None
        self.manifest.discard(topic)
        return topic

    def send(self, only: Collection[str] | None = None) -> None:
        """Publish what is due; with ``only`` of these topics alone."""
        for topic in [topic for topic in self._due if only is None or topic in only]:
            if self._link.in_flight >= IN_FLIGHT or self._link.congested:
                return
            if not self._retries.may(topic):
                continue
            payload = self._wanted[topic]
            mid = self._link.publish(topic, payload, qos=1, retain=True)
            if mid is None:
                return
            self._in_flight[mid] = (topic, payload)
            del self._due[topic]
