"""What is logged about a connection that failed, and whether it is retried soon."""

from __future__ import annotations

import socket
import ssl

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from config.settings.broker import Broker
from edge.mqtt.failures import ended, lost_repeatedly, refused, unreachable
from edge.mqtt.options import Options

OPTIONS = Options.from_settings(Broker(host="broker.example", username="gateway"), client_id="davylamp-gw1")


def reason(name: str, packet: int = PacketTypes.CONNACK) -> ReasonCode:
    return ReasonCode(packet, name)


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


def test_another_client_with_our_id_is_named() -> None:
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
    assert "; fix: " in failure.detail


def test_connections_lost_repeatedly_point_to_another_client_with_our_id_unless_the_broker_is_gone(
    free_port: int,
) -> None:
    options = Options.from_settings(Broker(host="127.0.0.1", port=free_port), client_id="davylamp-gw1")
    lost = ended(None, options, accepted=True)
    assert lost_repeatedly(lost, options) is lost
    with socket.create_server(("127.0.0.1", free_port)):
        failure = lost_repeatedly(lost, options)
    assert failure.event == "connection lost again and again"
    assert "davylamp-gw1" in failure.detail
