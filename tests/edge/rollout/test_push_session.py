"""A push whose requests and answers get lost."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from edge.errors import BrokerError, RequestError
from edge.mqtt.link import Receipt
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.rollout.push_session import PushSession
from tests.doubles import FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")
DATA = bytes(range(256)) * 200


class Gateway(FakeLink):
    """A link to an agent that receives a file; it may be deaf for some requests, or mute for some answers."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.file = b""
        self.unheard: set[int] = set()
        self.unsaid: set[int] = set()
        self.refusal: str | None = None
        self.requests = 0
        self._clock = clock
        self._answers: list[Message] = []

    def publish(self, topic: str, payload: bytes, **options: Any) -> int | None:
        number = super().publish(topic, payload, **options)
        self.requests += 1
        body, verb = msgspec.json.decode(payload), topic.removeprefix("davylamp/gw1/request/")
        if self.requests in self.unheard:
            return number
        if verb == "model/chunk" and body["offset"] == len(self.file):
            self.file += base64.b64decode(body["data"])
        data: dict[str, Any] = {"received": len(self.file), "bytes": len(DATA)}
        if verb == "model/status":
            data = {"waiting": {"phase": "shadow"}}
        elif verb == "info":
            data = {"stations": ["st-1", "st-2"]}
        status = {"status": "error", "error": self.refusal} if self.refusal else {"status": "ok", "data": data}
        if self.requests not in self.unsaid:
            self.answer(body["transaction"], status)
        return number

    def answer(self, transaction: str, body: dict[str, Any]) -> None:
        """Answer a request."""
        payload = msgspec.json.encode(body | {"transaction": transaction})
        self._answers.append(Message(TOPICS.response("model/offer"), payload, qos=1))

    def poll(self, timeout: float) -> list[Message]:
        self._clock.time += 0.01 if self._answers else max(0.01, timeout)
        answers, self._answers = self._answers, []
        return [Message("davylamp/gw1/response/model/chunk", b"of somebody else"), *answers]


@pytest.fixture
def gateway(fake_clock: FakeClock) -> Gateway:
    return Gateway(fake_clock)


@pytest.fixture
def session(gateway: Gateway, fake_clock: FakeClock) -> PushSession:
    return PushSession(gateway, TOPICS, fake_clock, DATA, "new.davy", key=None, patience=30.0, stop=lambda: False)


def test_a_file_comes_whole_in_chunks_that_the_broker_takes(session: PushSession, gateway: Gateway) -> None:
    gateway.limit = 4000
    assert session.push("st-1") == {"waiting": {"phase": "shadow"}}
    assert gateway.file == DATA
    assert max(len(each.payload) for each in gateway.published) <= 4000
    assert session.stations() == ["st-1", "st-2"]


@pytest.mark.parametrize("lost", ["unheard", "unsaid"])
def test_whatever_gets_lost_is_sent_again_and_what_came_is_not(
    session: PushSession, gateway: Gateway, lost: str
) -> None:
    setattr(gateway, lost, {1, 3, 6, 10})
    session.push("st-1")
    assert gateway.file == DATA
    assert sum(len(each.payload) for each in gateway.published) < 5 * len(DATA)


def test_a_file_of_which_a_part_has_come_is_not_sent_again(session: PushSession, gateway: Gateway) -> None:
    gateway.file = DATA[:40_000]
    session.push("st-1")
    assert gateway.file == DATA
    assert sum(len(each.payload) for each in gateway.published) < 20_000


def test_nobody_there_is_said_after_a_while(session: PushSession, gateway: Gateway) -> None:
    gateway.unheard = set(range(1000))
    with pytest.raises(BrokerError, match="no answer to model/offer within 30 s; fix: start the agent"):
        session.push("st-1")


def test_a_refusal_of_the_agent_or_of_the_broker_ends_it(session: PushSession, gateway: Gateway) -> None:
    gateway.refusal = "bytes: got too many"
    with pytest.raises(RequestError, match="got too many"):
        session.push("st-1")
    gateway.new_receipts.append(Receipt(1, "davylamp/gw1/request/model/offer", "Not authorized"))
    gateway.refusal = None
    with pytest.raises(BrokerError, match="Not authorized; fix: allow this user to write it"):
        session.push("st-1")


def test_an_answer_that_comes_late_is_not_that_of_the_next_station(session: PushSession, gateway: Gateway) -> None:
    gateway.refusal = "signed by nobody"
    with pytest.raises(RequestError, match="signed by nobody"):
        session.push("st-1")
    gateway.refusal = None
    first = msgspec.json.decode(gateway.published[0].payload)["transaction"]
    gateway.answer(first, {"status": "error", "error": "late"})
    assert session.push("st-2") == {"waiting": {"phase": "shadow"}}


def test_a_stop_ends_it_at_once(gateway: Gateway, fake_clock: FakeClock) -> None:
    one = PushSession(
        gateway, TOPICS, fake_clock, DATA, "x", key=None, patience=30.0, stop=lambda: gateway.requests > 3
    )
    assert one.push("st-1") is None
    assert one.stations() == []
