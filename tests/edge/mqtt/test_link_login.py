"""Link: logins and certificates, and the errors when they are refused."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from config.settings.broker import TLS, Password
from tests.certificate_authority import CertificateAuthority
from tests.edge.mqtt.links import Collect, MakeLink, Ready, TurnUntil, failure_of
from tests.running_broker import RunningBroker, StartBroker

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def password_broker(start_broker: StartBroker, tmp_path_factory: pytest.TempPathFactory) -> RunningBroker:
    """A Mosquitto that requires user ``gateway`` with ``hunter2``."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    path = tmp_path_factory.mktemp("login") / "passwords"
    subprocess.run([tool, "-c", "-b", str(path), "gateway", "hunter2"], check=True)
    path.chmod(0o644)
    return start_broker("allow_anonymous false", f"password_file {path}")


def login(tmp_path: Path, password: str) -> dict[str, Any]:
    (tmp_path / "password").write_text(password)
    return {"username": "gateway", "password": Password(file=str(tmp_path / "password"))}


@pytest.mark.mqtt5
@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_username_and_password_are_accepted(
    password_broker: RunningBroker, make: MakeLink, tmp_path: Path, protocol: object, ready: Ready
) -> None:
    link = ready(make(password_broker.port, settings=login(tmp_path, "hunter2") | {"protocol": protocol}))
    assert link.protocol == str(protocol)


@pytest.mark.mqtt5
@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_a_refused_login_is_named_and_retried_slowly(
    password_broker: RunningBroker,
    make: MakeLink,
    tmp_path: Path,
    protocol: object,
    caplog: pytest.LogCaptureFixture,
    turn_until: TurnUntil,
) -> None:
    link = make(password_broker.port, settings=login(tmp_path, "wrong") | {"protocol": protocol})
    turn_until(link, lambda: link.failure is not None)
    assert failure_of(link).event == "broker refused the login"
    assert link._next_try - time.monotonic() > 25
    assert "'gateway'" in caplog.text
    assert "wrong" not in caplog.text


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, another one, and a certificate for 127.0.0.1 signed by the first."""
    folder = tmp_path_factory.mktemp("certificates")
    CertificateAuthority(folder).issue("broker")
    CertificateAuthority(folder, "other")
    return folder


@pytest.fixture(scope="module")
def tls_broker(start_broker: StartBroker, certificates: Path) -> RunningBroker:
    """A Mosquitto with a certificate."""
    return start_broker(
        f"cafile {certificates}/ca.crt", f"certfile {certificates}/broker.crt", f"keyfile {certificates}/broker.key"
    )


@pytest.mark.mqtt5
def test_messages_travel_over_tls_and_none_stays_in_its_buffer(
    tls_broker: RunningBroker, make: MakeLink, base: str, certificates: Path, collect: Collect, ready: Ready
) -> None:
    tls = {"tls": TLS(ca=str(certificates / "ca.crt"))}
    link = ready(make(tls_broker.port, settings=tls))
    # Many small messages share one TLS record: what is decrypted and not yet read does not wake select.
    for number in range(300):
        link.publish(f"{base}/in", b"%d" % number, qos=1)
    assert [int(message.payload) for message in collect(link, 300)] == list(range(300))


@pytest.mark.mqtt5
def test_a_certificate_of_another_authority_is_refused_and_named(
    tls_broker: RunningBroker, make: MakeLink, certificates: Path
) -> None:
    link = make(tls_broker.port, settings={"tls": TLS(ca=str(certificates / "other.crt"))})
    link.poll(0)
    link.poll(0)
    assert failure_of(link).event == "broker's certificate refused"
    assert "broker.tls.ca" in failure_of(link).detail


@pytest.mark.mqtt5
def test_tls_where_the_broker_has_none_is_named(
    broker: RunningBroker, make: MakeLink, certificates: Path, turn_until: TurnUntil
) -> None:
    link = make(broker.port, settings={"tls": TLS(ca=str(certificates / "ca.crt"))})
    turn_until(link, lambda: link.failure is not None)
    assert failure_of(link).event in ("no TLS with the broker", "broker not reachable")
