"""The broker section of gateway.yaml, resolved into what a connection needs."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import paho.mqtt.client as mqtt
import pytest

from config.errors import ConfigError
from config.settings.broker import TLS, Broker, Password
from edge.mqtt.options import Backoff, Options


class Highest(random.Random):
    """Randomness that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


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


def test_what_only_a_person_can_fix_is_tried_rarely_from_the_first_time_on() -> None:
    assert min(Backoff(random.Random(seed)).delay(slow=True) for seed in range(100)) >= 30


@pytest.mark.parametrize(("protocol", "protocols"), [("auto", ("5", "3.1.1")), (5, ("5",)), ("3.1.1", ("3.1.1",))])
def test_the_protocol_can_be_pinned(protocol: Literal["auto", 5, "3.1.1"], protocols: tuple[str, ...]) -> None:
    assert Options.from_settings(Broker(protocol=protocol), client_id="x").protocols == protocols


def test_the_password_is_read_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    broker = Broker(username="gateway", password=Password(file=str(tmp_path / "password")))
    options = Options.from_settings(broker, client_id="x")
    assert options.password == "hunter2"
    assert "hunter2" not in repr(options)
    client = options.client("5")
    assert (client.username, client.password) == ("gateway", "hunter2")


def test_certificates_that_cannot_be_read_are_a_mistake_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"broker\.tls\.ca: .*PEM"):
        Options.from_settings(Broker(tls=TLS(ca=str(tmp_path / "none.pem"))), client_id="x")
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match=r"broker\.tls\.ca: "):
        Options.from_settings(Broker(tls=TLS(ca=str(tmp_path / "text.pem"))), client_id="x")


def test_a_kept_session_is_never_discarded_by_the_client() -> None:
    kept = Options.from_settings(Broker(), client_id="x").client("3.1.1")
    command = Options.from_settings(Broker(), client_id="x", session_expiry=0).client("3.1.1")
    assert kept.protocol == mqtt.MQTTv311
    assert (kept._clean_session, command._clean_session) == (False, True)
