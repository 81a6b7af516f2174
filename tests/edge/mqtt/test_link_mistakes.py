"""Link: a port for TLS or without it, and brokers that lack what davylamp needs, are named with the fix."""

from __future__ import annotations

import pytest

from config.settings.broker import TLS
from tests.certificate_authority import CertificateAuthority
from tests.edge.mqtt.links import FakeBroker, MakeLink, Ready, TurnUntil, failure_of
from tests.running_broker import RunningBroker, StartBroker

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]

PROTOCOLS = pytest.mark.parametrize("version", ["auto", 5, "3.1.1"])


@pytest.fixture(scope="module")
def tls_lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings of a Mosquitto with a certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    CertificateAuthority(folder).issue("broker")
    return [f"cafile {folder}/ca.crt", f"certfile {folder}/broker.crt", f"keyfile {folder}/broker.key"]


@PROTOCOLS
@pytest.mark.parametrize("certificates", [False, True])
def test_a_port_for_tls_is_named_to_a_client_without_it(
    start_broker: StartBroker,
    make: MakeLink,
    turn_until: TurnUntil,
    tls_lines: list[str],
    version: object,
    certificates: bool,
) -> None:
    port = start_broker(*tls_lines, *(["require_certificate true"] if certificates else [])).port
    link = make(port, settings={"protocol": version})
    turn_until(link, lambda: link.failure is not None and not link.falling_back)
    assert failure_of(link).event == "broker expects TLS"
    assert f"port {port} speaks TLS" in failure_of(link).detail
    assert "fix: broker.tls: {}" in failure_of(link).detail
    assert failure_of(link).slow


@PROTOCOLS
def test_a_port_without_tls_is_named_to_a_client_with_it(
    broker: RunningBroker, make: MakeLink, turn_until: TurnUntil, version: object
) -> None:
    link = make(broker.port, settings={"tls": TLS(), "protocol": version})
    turn_until(link, lambda: link.failure is not None and not link.falling_back)
    assert failure_of(link).event == "no TLS with the broker"
    assert f"port {broker.port} speaks MQTT without TLS" in failure_of(link).detail
    assert "fix: broker.port" in failure_of(link).detail
    assert failure_of(link).slow


def test_a_port_that_ends_the_handshake_and_speaks_nothing_is_tried_again_soon(
    make: MakeLink, turn_until: TurnUntil, fake_broker: FakeBroker
) -> None:
    link = make(fake_broker(lambda connection, level: None), settings={"tls": TLS(), "protocol": 5})
    turn_until(link, lambda: link.failure is not None)
    assert failure_of(link).event == "no TLS with the broker"
    assert "handshake" in failure_of(link).detail
    assert not failure_of(link).slow  # a broker that is being stopped looks the same


@pytest.mark.parametrize(
    ("line", "fix"), [("retain_available false", "retain_available true"), ("max_qos 0", "max_qos 2")]
)
@PROTOCOLS
def test_what_a_broker_lacks_is_named_to_the_agent(
    start_broker: StartBroker, make: MakeLink, turn_until: TurnUntil, line: str, fix: str, version: object
) -> None:
    link = make(start_broker(line).port, settings={"protocol": version}, will=("w", b"{}"))
    turn_until(link, lambda: link.failure is not None and not link.falling_back)
    if version == "3.1.1":  # in which a broker cannot say why
        assert line in failure_of(link).detail
    else:
        assert failure_of(link).event == "broker lacks what davylamp needs"
        assert fix in failure_of(link).detail
        assert failure_of(link).slow


@pytest.mark.parametrize(
    ("line", "fix"), [("retain_available false", "retain_available true"), ("max_qos 0", "max_qos 2")]
)
def test_what_a_broker_lacks_is_known_to_a_client_without_a_will(
    start_broker: StartBroker, make: MakeLink, ready: Ready, turn_until: TurnUntil, line: str, fix: str
) -> None:
    link = ready(make(start_broker(line).port))
    (lacking,) = link.lacks
    assert fix in lacking
    link.publish("x", b"{}", qos=1, retain=True)
    turn_until(link, lambda: link.failure is not None)
    assert fix in failure_of(link).detail


def test_a_broker_of_mqtt_3_1_1_that_grants_less_is_found_out(
    start_broker: StartBroker, make: MakeLink, ready: Ready
) -> None:
    link = ready(make(start_broker("max_qos 0").port, settings={"protocol": "3.1.1"}))
    assert "max_qos 2" in link.lacks[0]


def test_a_broker_that_has_everything_lacks_nothing(broker: RunningBroker, make: MakeLink, ready: Ready) -> None:
    for version in (5, "3.1.1"):
        link = ready(make(broker.port, settings={"protocol": version}))
        assert link.lacks == []
        link.close()
