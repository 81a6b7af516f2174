"""watch: the messages of the agent, a line each."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from io import StringIO
from typing import Any

import pytest

from config.settings.broker import Broker
from edge.commands.watch import describe, watch
from edge.errors import BrokerError
from edge.mqtt.message import Message
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

SCORE = {
    "station": "st-1", "n": 7, "received": "2026-01-01T00:00:00.000Z", "reconstruction": {"score": 3.1, "p": 0.0008},
    "methane": {"unit": "[ppb]", "level": 9000.0, "background": 2000.0}, "flags": {"humidity_pct": 9}, "state": "alarm",
}  # fmt: skip


def line(topic: str, body: Any, alarms: dict[str, Any] | None = None) -> str | None:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return describe(Message(f"davylamp/gw1/{topic}", payload), {} if alarms is None else alarms)


def test_a_score_is_a_line() -> None:
    assert line("st-1/score", SCORE) == (
        "2026-01-01T00:00:00.000Z st-1 #7 alarm reconstruction 3.1 "
        "methane 9000.0 ppb over 2000.0 flags {'humidity_pct': 9}"
    )


def test_a_score_without_a_gas_column_shows_the_virtual_methane() -> None:
    body = {
        "n": 8,
        "state": "alarm",
        "received": "now",
        "consistency": {"score": 0.4, "culprit": "rmq4_ohm"},
        "methane": {"score": 4.0, "unit": "mg/m3", "virtual": 3.1, "background": 1.9},
    }
    expected = "now st-1 #8 alarm consistency 0.4 (rmq4_ohm) virtual methane 3.1 mg/m3 over 1.9 onset 4.0"
    assert line("st-1/score", body) == expected


def test_an_event_names_the_culprit() -> None:
    body = {"event_type": "open", "kind": "consistency", "culprit": "rmq4_ohm", "count": 3, "id": "e2", "ts": "now"}
    assert line("st-1/event", body) == "now st-1 open consistency, most from rmq4_ohm: 3 readings exceed, e2"


def test_a_closing_event_says_why() -> None:
    body = {"event_type": "close", "kind": "consistency", "count": 9, "id": "e3", "ts": "now"}
    body["closed_because"] = "taken as normal"
    assert line("st-1/event", body) == "now st-1 close consistency, taken as normal: 9 readings exceed, e3"


def test_an_event_is_a_line() -> None:
    body = {"event_type": "open", "kind": "methane", "by": "limit", "count": 3, "id": "e1", "ts": "now"}
    assert line("st-1/event", body) == "now st-1 open methane by limit: 3 readings exceed, e1"


def test_an_alarm_is_printed_when_it_changes() -> None:
    alarms: dict[str, Any] = {}
    on, off = ({"alarm": state, "fault": "OFF", "ts": "now"} for state in ("ON", "OFF"))
    lines = [line("st-1/alarm", body, alarms) for body in (off, off, on, on, off)]
    assert lines == ["now st-1 alarm OFF, fault OFF", None, "now st-1 alarm ON, fault OFF", None, lines[0]]


def test_a_dead_letter_and_a_gateway_are_lines() -> None:
    letter = {"topic": "sensors/st-1/readings", "reason": "got NaN", "at": "ch4_ppb", "received": "now"}
    assert line("deadletter", letter) == "now sensors/st-1/readings refused at ch4_ppb: got NaN"
    assert line("state", {"state": "stopped", "ts": "now"}) == "now gw1 gateway stopped"


@pytest.mark.parametrize("payload", [b"", b"nope", b"[]", b"\xff", b"[" * 10000])
def test_what_is_no_message_of_the_agents_is_skipped(payload: bytes) -> None:
    assert line("st-1/score", payload) is None


@pytest.mark.parametrize("topic", ["st-1/score", "st-1/event", "st-1/alarm", "deadletter", "state"])
def test_whatever_is_in_a_message_a_line_stays_a_line(topic: str) -> None:
    for body in (
        {},
        {"state": "\x1b[2J\n", "kind": "\x07", "reason": ["\n"], "alarm": {}, "methane": 1, "at": {"a": 1}},
    ):
        described = line(topic, body)
        assert described is not None
        assert described.isprintable()


@pytest.mark.broker
@pytest.mark.parametrize("base", [None, "davylamp/watched"])
def test_it_prints_what_comes_until_a_signal(
    base: str | None, broker: RunningBroker, client: Connect, protocol: Any
) -> None:
    out = StringIO()
    other = client(broker.port)

    def play() -> None:
        deadline = time.monotonic() + 10
        while "#7" not in out.getvalue() and time.monotonic() < deadline:
            other.publish("davylamp/watched/st-1/score", SCORE)
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    player = threading.Thread(target=play, name="player")
    player.start()
    assert watch(Broker(host=broker.host, port=broker.port, protocol=protocol), base, out=out) == 0
    player.join()
    assert "st-1 #7 alarm" in out.getvalue()


def test_without_a_broker_it_is_an_error(free_port: int) -> None:
    with pytest.raises(BrokerError, match="not reachable"):
        watch(Broker(host="127.0.0.1", port=free_port), None, out=StringIO())
