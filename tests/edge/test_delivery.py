"""Delivery: what is handed over gets there, or is counted."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from edge.delivery import SCORE_EXPIRY, Delivery
from edge.errors import ReadingError
from edge.event import Event, Peak
from edge.message import Message
from edge.topics import Topics
from edge.verdict import Verdict

TOPICS = Topics("davylamp/gw1")
TS = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def delivery(fake_connection: Any, fake_clock: Any) -> Delivery:
    return Delivery(fake_connection, TOPICS, fake_clock)


def verdict(n: int = 1) -> Verdict:
    return Verdict(station="st-1", n=n, state="ok", bundle="abc")


def event(number: int = 1) -> Event:
    return Event(
        event_type="open", id=f"e{number}", station="st-1", kind="methane", by="limit", ts=TS, opened=TS, closed=None,
        score=None, p=None, peak=Peak(ts=TS), culprit=None, contributions={}, count=3, acknowledged=False,
        shelved_until=None, bundle="abc", historical=False,
    )  # fmt: skip


def message(payload: bytes, topic: str = "sensors/st-1/readings") -> Message:
    return Message(topic, payload, received=0.0)


def test_scores_go_at_once_and_expire(delivery: Delivery, fake_connection: Any) -> None:
    delivery.hand_over([verdict(1), verdict(2)], [])
    assert [(p.topic, p.qos, p.retain, p.expiry) for p in fake_connection.published] == [
        ("davylamp/gw1/st-1/score", 0, False, SCORE_EXPIRY)
    ] * 2
    assert delivery.counts.scores == 2


def test_events_wait_for_their_confirmation(delivery: Delivery, fake_connection: Any) -> None:
    delivery.hand_over([], [event()])
    delivery.turn()
    (published,) = fake_connection.published
    assert (published.topic, published.qos, published.retain) == ("davylamp/gw1/st-1/event", 1, False)
    delivery.turn()
    assert len(fake_connection.published) == 1
    assert delivery.waiting == 1
    fake_connection.confirm()
    delivery.turn()
    assert delivery.waiting == 0


def test_events_outlive_a_connection_and_keep_their_order(delivery: Delivery, fake_connection: Any) -> None:
    fake_connection.connected = False
    delivery.hand_over([verdict()], [event(1), event(2)])
    delivery.turn()
    assert delivery.counts.scores == 0
    fake_connection.connected = True
    delivery.turn()
    fake_connection.counts.connections += 1  # lost before it was confirmed
    fake_connection.in_flight = 0
    delivery.hand_over([], [event(3)])
    delivery.turn()
    assert [body["id"] for body in fake_connection.on("davylamp/gw1/st-1/event")] == ["e1", "e2", "e1", "e2", "e3"]


def test_no_more_is_in_flight_than_a_broker_takes(delivery: Delivery, fake_connection: Any) -> None:
    delivery.hand_over([], [event(number) for number in range(50)])
    delivery.turn()
    assert len(fake_connection.published) == 20
    for _ in range(3):
        fake_connection.confirm()
        delivery.turn()
    assert len(fake_connection.published) == 50
    fake_connection.confirm()
    delivery.turn()
    assert delivery.waiting == 0


def test_what_the_broker_refuses_is_counted_and_holds_nothing_up(delivery: Delivery, fake_connection: Any) -> None:
    delivery.hand_over([], [event()])
    delivery.turn()
    fake_connection.confirm("Not authorized")
    delivery.turn()
    assert (delivery.waiting, delivery.counts.dropped) == (0, 1)


def test_when_the_outbox_is_full_dead_letters_go_before_events(
    delivery: Delivery, fake_connection: Any, fake_clock: Any
) -> None:
    fake_connection.connected = False
    delivery.hand_over([], [event(number) for number in range(998)])
    delivery.refuse(message(b"bad"), ReadingError("reason"))
    delivery.refuse(message(b"bad"), ReadingError("reason"))
    delivery.hand_over([], [event(998), event(999)])
    assert (delivery.waiting, delivery.counts.dropped) == (1000, 2)
    delivery.hand_over([], [event(1000)])
    fake_connection.connected = True
    for _ in range(60):
        delivery.turn()
        fake_connection.confirm()
    ids = [body["id"] for body in fake_connection.on("davylamp/gw1/st-1/event")]
    assert ids == [f"e{number}" for number in range(1, 1001)]
    assert fake_connection.on("davylamp/gw1/deadletter") == []


def test_a_dead_letter_says_what_where_and_why(delivery: Delivery, fake_connection: Any) -> None:
    delivery.refuse(message(b'{"ch4_ppb": "x"}'), ReadingError("got a string", "ch4_ppb"))
    delivery.turn()
    assert fake_connection.on("davylamp/gw1/deadletter") == [
        {
            "topic": "sensors/st-1/readings",
            "reason": "got a string",
            "at": "ch4_ppb",
            "payload": '{"ch4_ppb": "x"}',
            "bytes": 16,
            "received": "1970-01-01T00:00:00.000Z",
        }
    ]


def test_a_dead_letter_shows_512_bytes_and_base64_of_what_is_no_text(delivery: Delivery, fake_connection: Any) -> None:
    long = "é".encode() * 300 + b"x"
    for payload in (b"\xff\xfe\x00", b"a" + long, b"b" * 600 + b"\xff"):
        delivery.refuse(message(payload), ReadingError("reason"))
    delivery.turn()
    binary, cut, fine = fake_connection.on("davylamp/gw1/deadletter")
    assert binary["at"] is None
    assert (binary["encoding"], base64.b64decode(binary["payload"])) == ("base64", b"\xff\xfe\x00")
    assert cut["payload"] == "a" + "é" * 255
    assert (cut["bytes"], "encoding" in cut) == (602, False)
    assert fine["payload"] == "b" * 512


def test_a_flood_of_dead_letters_is_held_back_and_counted(
    delivery: Delivery, fake_connection: Any, fake_clock: Any
) -> None:
    for _ in range(1000):
        delivery.refuse(message(b"bad"), ReadingError("reason"))
    delivery.refuse(message(b"bad", "sensors/other/readings"), ReadingError("reason"))
    fake_clock.time += 1
    delivery.refuse(message(b"bad"), ReadingError("reason"))
    for _ in range(10):
        delivery.turn()
        fake_connection.confirm()
    letters = fake_connection.on("davylamp/gw1/deadletter")
    assert len(letters) == 62
    assert letters[-1]["held_back"] == 940
    assert letters[-2]["topic"] == "sensors/other/readings"
    assert (delivery.counts.dead_letters, delivery.counts.dead_letters_held_back) == (1002, 940)


def test_invented_topics_do_not_fill_the_memory(delivery: Delivery) -> None:
    for number in range(3000):
        delivery.refuse(message(b"bad", f"sensors/{number}/readings"), ReadingError("reason"))
    assert len(delivery._buckets) == 1000
    assert delivery.waiting == 1000
