"""Connecting: when to try again, and what to say about what went wrong."""

from __future__ import annotations

import random
import socket
import ssl
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from config.errors import ConfigError
from config.settings.broker import TLS, Broker, Password
from edge.mqtt.options import Backoff, Options, ended, refused, unreachable

OPTIONS = Options.of(Broker(host="broker.example", username="gateway"), client_id="davylamp-gw1")


class Highest(random.Random):
    """Randomness that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def reason(name: str, packet: int = PacketTypes.CONNACK) -> ReasonCode:
    return ReasonCode(packet, name)


def test_delays_grow_to_a_bound_and_never_end() -> None:
    backoff = Backoff(Highest(), first=1.0, longest=60.0)
    assert [backoff.delay() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for _ in range(5000):
        assert backoff.delay() == 60


def test_delays_are_spread_over_the_whole_range() -> None:
    delays = [Backoff(random.Random(seed), first=8.0).delay() for seed in range(400)]
    assert 0 <= min(delays) < 0.5
    assert 7.5 < max(delays) <= 8
    assert 3.5 < sum(delays) / len(delays) < 4.5


def test_after_a_good_connection_delays_start_short_again() -> None:
    backoff = Backoff(Highest())
    for _ in range(10):
        backoff.delay()
    backoff.reset()
    assert backoff.delay() == 1


def test_what_only_a_person_can_mend_is_tried_rarely_from_the_first_time_on() -> None:
    assert min(Backoff(random.Random(seed)).delay(slow=True) for seed in range(100)) >= 30


def test_a_refused_login_names_the_user_and_the_keys_to_look_at() -> None:
    for name in ("Bad user name or password", "Not authorized"):
        failure = refused(reason(name), OPTIONS)
        assert failure.event == "broker refused the login"
        assert failure.slow
        assert "'gateway'" in failure.detail
        assert "broker.password" in failure.detail


def test_a_broker_of_the_older_protocol_is_recognised_with_and_without_an_answer() -> None:
    assert refused(reason("Unsupported protocol version"), OPTIONS).older
    assert ended(None, OPTIONS, accepted=False).older
    assert not ended(None, OPTIONS, accepted=True).older
    assert not refused(reason("Server busy"), OPTIONS).older


def test_a_namesake_is_named() -> None:
    failure = ended(reason("Session taken over", PacketTypes.DISCONNECT), OPTIONS, accepted=True)
    assert failure.slow
    assert "davylamp-gw1" in failure.detail


@pytest.mark.parametrize(
    ("error", "event", "slow"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "broker not reachable", False),
        (TimeoutError("timed out"), "broker not reachable", False),
        (socket.gaierror(-2, "Name or service not known"), "broker not found", False),
        (ssl.SSLError(1, "wrong version number"), "no TLS with the broker", True),
        (ValueError("broken"), "broker not reachable", False),
        (OSError(), "broker not reachable", False),
    ],
)
def test_what_keeps_a_connection_from_opening_is_named(error: OSError | ValueError, event: str, slow: bool) -> None:
    failure = unreachable(error, OPTIONS)
    assert (failure.event, failure.slow) == (event, slow)


@pytest.mark.parametrize(("protocol", "protocols"), [("auto", ("5", "3.1.1")), (5, ("5",)), ("3.1.1", ("3.1.1",))])
def test_the_protocol_can_be_pinned(protocol: object, protocols: tuple[str, ...]) -> None:
    assert Options.of(Broker(protocol=protocol), client_id="x").protocols == protocols  # type: ignore[arg-type]


def test_the_password_is_read_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    broker = Broker(username="gateway", password=Password(file=str(tmp_path / "password")))
    options = Options.of(broker, client_id="x")
    assert options.password == "hunter2"
    assert "hunter2" not in repr(options)
    client = options.client("5")
    assert (client.username, client.password) == ("gateway", "hunter2")


def test_certificates_that_cannot_be_read_are_a_mistake_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"broker\.tls\.ca: .*PEM"):
        Options.of(Broker(tls=TLS(ca=str(tmp_path / "none.pem"))), client_id="x")
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match=r"broker\.tls\.ca: "):
        Options.of(Broker(tls=TLS(ca=str(tmp_path / "text.pem"))), client_id="x")


def test_a_session_of_ours_is_never_wiped_by_the_client() -> None:
    keeping = Options.of(Broker(), client_id="x").client("3.1.1")
    looking = Options.of(Broker(), client_id="x", session_expiry=0).client("3.1.1")
    assert keeping.protocol == mqtt.MQTTv311
    assert (keeping._clean_session, looking._clean_session) == (False, True)
