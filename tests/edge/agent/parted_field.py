"""A field station whose readings come in parts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from edge.agent.agent import Agent
from edge.mqtt.message import Message
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent

START = 1_800_000_000.0
PERIOD = 60.0
ESPHOME: dict[str, Any] = {"topic": "esp/{station}/sensor/{key}/state"}


class Field:
    """Sends parts to an agent at the times of a fake clock, and delivers again what it has not acknowledged."""

    def __init__(self, start: StartAgent, link: FakeLink, clock: FakeClock, **entry: Any) -> None:
        self._start, self._entry = start, entry
        self.link, self.clock = link, clock
        self.agent: Agent = start(**entry)
        self._sent: dict[int, Message] = {}

    def send(self, at: float, *parts: tuple[str, Any], connection: int = 1) -> None:
        """Deliver parts in one turn, at seconds after the start."""
        self.clock.time = START + at
        messages = []
        for topic, body in parts:
            mid = len(self._sent) + 1
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            messages.append(Message(topic, payload, qos=1, mid=mid, connection=connection, received=self.clock.time))
            self._sent[mid] = messages[-1]
        self.link.incoming.append(messages)
        self.agent.turn()

    def broker_crash(self, *, sent_again: range) -> None:
        """Deliver messages again that were acknowledged: the broker has forgotten that, and does not mark them."""
        messages = [replace(self._sent[mid], connection=2, received=self.clock.time) for mid in sent_again]
        for first in range(0, len(messages), 100):
            self.link.incoming.append(messages[first : first + 100])
            self.agent.turn()

    def wait(self, until: float) -> None:
        """Let time pass without a message."""
        self.clock.time = START + until
        self.agent.turn()

    def crash(self) -> None:
        """Kill the agent, start it again, and deliver what was not acknowledged."""
        unacknowledged = [mid for mid in self._sent if f"ack {mid}" not in self.link.happened]
        self.agent = self._start(**self._entry)
        self.link.incoming.append([sent_again(self._sent[mid], self.clock.time) for mid in unacknowledged])
        self.agent.turn()

    @property
    def acknowledged(self) -> list[int]:
        return [int(each.split()[1]) for each in self.link.happened if each.startswith("ack ")]

    def scores(self, station: str) -> list[Any]:
        return self.link.on(TOPICS.score(station))

    def values(self, station: str) -> list[dict[str, float]]:
        """The journalled readings, by key."""
        live = self.agent._stations[station]
        rows = self.agent._committer.journal.readings(live.id)
        return [dict(zip(GOOD, memoryview(row.values).cast("d"), strict=True)) for row in rows]


def sent_again(message: Message, now: float) -> Message:
    return Message(message.topic, message.payload, 1, False, message.mid, 2, now, None, True)


def reading(n: int) -> dict[str, float]:
    return {key: value + 0.25 * n for key, value in GOOD.items()}


def parts(n: int, *, without: Iterable[str] = (), station: str = "hut") -> list[tuple[str, Any]]:
    return [(f"esp/{station}/sensor/{key}/state", value) for key, value in reading(n).items() if key not in without]
