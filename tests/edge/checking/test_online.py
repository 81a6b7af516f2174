"""An agent is online when its retained state says so, and not the state of an earlier run."""

from __future__ import annotations

import itertools
from io import StringIO

import pytest

from config.settings.broker import Broker
from config.settings.gateway import Gateway, TopicSettings
from edge.checking.findings import Findings
from edge.checking.online import wait_online
from edge.clock import SystemClock, parse_time
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker

pytestmark = pytest.mark.broker

COUNTER = itertools.count()
BEGAN = "2026-11-30T12:00:00.000Z"


class Waited:
    """What waiting for a base's state has given."""

    def __init__(self, port: int, base: str, protocol: str, since: float = 0.0) -> None:
        gateway = Gateway(
            broker=Broker(host="127.0.0.1", port=port, protocol=protocol),  # type: ignore[arg-type]
            topics=TopicSettings(base=base),
        )
        out = StringIO()
        findings = Findings(out)
        self.seen = wait_online(gateway, 0.5, since, findings, SystemClock())
        self.passed, self.text = not findings.errors, out.getvalue()


@pytest.mark.parametrize(
    ("state", "since", "passed", "said"),
    [
        ("online", BEGAN, True, f"online since {BEGAN}, davylamp 9"),
        ("online", "2026-11-30T12:00:01Z", False, f"got online since {BEGAN} (an earlier run)"),
        ("stopped", BEGAN, False, f"got stopped since {BEGAN} after 0.5 s, expected online"),
    ],
)
@pytest.mark.mqtt5  # the embedded broker mixes up what is retained
def test_the_state_of_the_run_decides(
    broker: RunningBroker, client: Connect, protocol: str, state: str, since: str, passed: bool, said: str
) -> None:
    base = f"test-online/{next(COUNTER)}"
    body = {"state": state, "session": "s", "since": BEGAN, "version": "9", "ts": None}
    client(broker.port).publish(f"{base}/state", body, retain=True)
    waited = Waited(broker.port, base, protocol, parse_time(since))
    assert (waited.passed, waited.seen) == (passed, True)
    assert said in waited.text


def test_nothing_that_is_retained_is_told_apart_from_a_state(
    broker: RunningBroker, client: Connect, protocol: str
) -> None:
    base = f"test-online/{next(COUNTER)}"
    waited = Waited(broker.port, base, protocol)
    assert (waited.passed, waited.seen) == (False, False)
    assert f"{base}/state: nothing is retained there after 0.5 s; fix: " in waited.text


def test_a_broker_that_is_away_is_the_reason(free_port: int, protocol: str) -> None:
    waited = Waited(free_port, "base", protocol)
    assert not waited.passed
    assert "Connection refused" in waited.text
