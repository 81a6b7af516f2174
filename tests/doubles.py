"""Doubles for the seams of the agent: its clock, its link, and a reading that nothing is wrong with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.clock import Clock
from edge.mqtt.link import Counts, Link, Receipt
from edge.mqtt.message import Message

GOOD: dict[str, float] = {
    "ch4_ppb": 2000.0, "h2o_ppm": 15000.0, "temperature_c": 20.0, "humidity_pct": 60.0, "r2611e_ohm": 80000.0,
    "r2600_ohm": 16000.0, "r2602_ohm": 20000.0, "r2611c_ohm": 30000.0, "rmq4_ohm": 60000.0,
}  # fmt: skip
"""A reading within every range, at rest."""


class FakeClock(Clock):
    """A clock that stands still until ``time`` is set."""

    def __init__(self, time: float = 1_800_000_000.0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


@dataclass
class Published:
    """A publication that a :class:`FakeLink` queued."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    expiry: int | None
    correlation: bytes | None
    mid: int

    @property
    def body(self) -> Any:
        return json.loads(self.payload)


class FakeLink(Link):
    """A link that does what the test sets; ``happened`` lists the calls, in order."""

    connected: bool = True
    protocol: str | None = "5"
    in_flight: int = 0
    congested: bool = False
    alive: bool = True
    limit: int | None = None

    def __init__(self) -> None:
        self.counts = Counts(connections=1)
        self.held = False
        self.published: list[Published] = []
        self.happened: list[str] = []
        self.incoming: list[list[Message]] = []
        self.new_receipts: list[Receipt] = []
        self.ready = False
        self.waits: list[float] = []
        self._mids = 0

    def hold(self, held: bool) -> None:
        if held != self.held:
            self.happened.append("hold" if held else "release")
        self.held = held

    def poll(self, timeout: float) -> list[Message]:
        self.waits.append(timeout)
        return self.incoming.pop(0) if self.incoming and not self.held else []

    def became_ready(self) -> bool:
        ready, self.ready = self.ready, False
        return ready

    def receipts(self) -> list[Receipt]:
        receipts, self.new_receipts = self.new_receipts, []
        return receipts

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expiry: int | None = None,
        correlation: bytes | None = None,
        response_topic: str | None = None,
    ) -> int | None:
        if not self.connected:
            return None
        self._mids += 1
        self.in_flight += qos
        self.published.append(Published(topic, payload, qos, retain, expiry, correlation, self._mids))
        self.happened.append(f"publish {topic}")
        return self._mids

    def payload_limit(self, topic: str, correlation: bytes | None = None) -> int | None:
        return self.limit

    def acknowledge(self, messages: Iterable[Message]) -> None:
        self.happened += [f"ack {message.mid}" for message in messages]

    def flush(self) -> None:
        self.happened.append("flush")

    def close(self, patience: float = 0.5) -> None:
        self.happened.append("close")

    def confirm(self, refusal: str | None = None) -> None:
        """Answer every publication that is in flight."""
        self.new_receipts += [Receipt(each.mid, each.topic, refusal) for each in self.published if each.qos]
        self.in_flight = 0

    def on(self, topic: str) -> list[Any]:
        """Bodies published on a topic."""
        return [each.body for each in self.published if each.topic == topic]
