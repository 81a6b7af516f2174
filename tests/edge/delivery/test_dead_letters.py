"""A dead letter contains what, where and why, and a flood of them is held back."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from edge.delivery.dead_letters import DeadLetters
from edge.errors import ReadingError
from edge.mqtt.message import Message
from tests.doubles import FakeClock


@pytest.fixture
def dead_letters(fake_clock: FakeClock) -> DeadLetters:
    return DeadLetters(fake_clock)


def write(
    dead_letters: DeadLetters, payload: bytes, topic: str = "sensors/st-1/readings", at: str | None = None
) -> Any:
    written = dead_letters.write(Message(topic, payload, received=0.0), ReadingError("reason", at))
    return None if written is None else json.loads(written)


def test_a_dead_letter_contains_what_where_and_why(dead_letters: DeadLetters) -> None:
    assert write(dead_letters, b'{"ch4_ppb": "x"}', at="ch4_ppb") == {
        "topic": "sensors/st-1/readings",
        "reason": "reason",
        "at": "ch4_ppb",
        "payload": '{"ch4_ppb": "x"}',
        "encoding": None,
        "bytes": 16,
        "received": "1970-01-01T00:00:00.000Z",
        "held_back": 0,
    }


def test_a_dead_letter_shows_512_bytes_and_base64_of_what_is_no_text(dead_letters: DeadLetters) -> None:
    long = "é".encode() * 300 + b"x"
    binary, cut, fine = (write(dead_letters, each) for each in (b"\xff\xfe\x00", b"a" + long, b"b" * 600 + b"\xff"))
    assert binary["at"] is None
    assert (binary["encoding"], base64.b64decode(binary["payload"])) == ("base64", b"\xff\xfe\x00")
    assert cut["payload"] == "a" + "é" * 255
    assert (cut["bytes"], cut["encoding"]) == (602, None)
    assert fine["payload"] == "b" * 512


def test_a_flood_of_dead_letters_is_held_back_and_counted(dead_letters: DeadLetters, fake_clock: FakeClock) -> None:
    written = [write(dead_letters, b"bad") for _ in range(1000)]
    assert sum(each is not None for each in written) == 60
    assert write(dead_letters, b"bad", "sensors/other/readings") is not None
    fake_clock.time += 1
    assert write(dead_letters, b"bad")["held_back"] == 940
    assert (dead_letters.written, dead_letters.held_back) == (1002, 940)


def test_invented_topics_do_not_fill_the_memory(dead_letters: DeadLetters) -> None:
    for number in range(3000):
        write(dead_letters, b"bad", f"sensors/{number}/readings")
    assert len(dead_letters._buckets) == 1000
