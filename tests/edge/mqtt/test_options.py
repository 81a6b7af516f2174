"""The broker section of gateway.yaml, resolved into what a connection needs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import paho.mqtt.client as mqtt
import pytest

from config.errors import ConfigError
from config.settings.broker import TLS, Broker, Password
from edge.mqtt.options import Options


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
