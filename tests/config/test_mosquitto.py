"""The shipped mosquitto.conf and mosquitto.acl, with the lines for stations on the network enabled."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings.broker import TLS, Broker, Password
from config.templates.templates import MOSQUITTO, MOSQUITTO_ACL
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.certificate_authority import CertificateAuthority
from tests.running_broker import RunningBroker, StartBroker

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]

Links = Callable[..., ReconnectingLink]


def enabled_lines(folder: Path) -> list[str]:
    """Return the commented-out settings of the shipped file, with the files that they name in ``folder``."""
    lines = re.findall(r"^#([a-z_]+ .*)$", MOSQUITTO.read_text(), re.MULTILINE)
    assert {line.split()[0] for line in lines} >= {"acl_file", "password_file", "certfile", "require_certificate"}
    return [re.sub(r"/etc/mosquitto/(certs/)?", f"{folder}/", line) for line in lines if "listener" not in line]


def make_readable(folder: Path) -> Path:
    """Copy the ACL file to ``folder`` and let the user mosquitto read everything there."""
    shutil.copy(MOSQUITTO_ACL, folder / "davylamp.acl")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@pytest.fixture(scope="module")
def network(start_broker: StartBroker, tmp_path_factory: pytest.TempPathFactory) -> RunningBroker:
    """Return a Mosquitto with logins; the password of a user is ``secret of USER``."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    folder = tmp_path_factory.mktemp("network")
    (folder / "passwords").touch()
    for user in ("davylamp", "st-01", "st-02"):
        subprocess.run([tool, "-b", "passwords", user, f"secret of {user}"], check=True, cwd=folder)
    lines = [
        line for line in enabled_lines(make_readable(folder)) if "cert" not in line and "ca" not in line.split()[0]
    ]
    return start_broker(*(line for line in lines if not line.startswith(("keyfile", "use_"))))


@pytest.fixture(scope="module")
def certified(start_broker: StartBroker, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunningBroker, Path]:
    """Return a Mosquitto that identifies clients by certificate, and the folder of the certificates."""
    folder = tmp_path_factory.mktemp("certified")
    authority = CertificateAuthority(folder)
    for name in ("broker", "davylamp", "st-01"):
        authority.issue(name)
    lines = [
        line for line in enabled_lines(make_readable(folder)) if "password" not in line and "anonymous" not in line
    ]
    return start_broker(*lines, "allow_anonymous false"), folder


@pytest.fixture
def links(tmp_path: Path) -> Iterator[Links]:
    """Connect as a user by password, or with ``tls`` as the user whom the certificate names."""
    made: list[ReconnectingLink] = []

    def connect(port: int, user: str, *filters: str, tls: TLS | None = None) -> ReconnectingLink:
        (tmp_path / user).write_text(f"secret of {user}")
        password = None if tls else Password(file=str(tmp_path / user))
        username = None if tls else user
        broker = Broker(host="127.0.0.1", port=port, protocol=5, tls=tls, username=username, password=password)
        options = Options.from_settings(broker, client_id=f"test-{user}", session_expiry=0)
        made.append(ReconnectingLink(options, [Subscription(each) for each in filters]))
        return made[-1]

    yield connect
    for link in made:
        link.close(0.1)


def run_until(link: ReconnectingLink, condition: Callable[[], object]) -> list[Message]:
    deadline = time.monotonic() + 10
    messages: list[Message] = []
    while not condition():
        assert time.monotonic() < deadline, link.failure
        link.flush()
        messages += link.poll(0.05)
    return messages


def accepted(link: ReconnectingLink, *topics: str) -> dict[str, bool]:
    """Return whether the broker accepts a publication, by topic."""
    run_until(link, lambda: link.connected)
    for topic in topics:
        link.publish(topic, b"{}", qos=1)
    run_until(link, lambda: not link.in_flight)
    return {receipt.topic: receipt.refusal is None for receipt in link.receipts()}


def test_a_station_writes_its_own_readings_and_nothing_else(network: RunningBroker, links: Links) -> None:
    topics = ["sensors/st-01/readings", "sensors/st-02/readings", "sensors/st-01/other", "davylamp/gw1/request/info",
              "davylamp/gw1/state"]  # fmt: skip
    assert accepted(links(network.port, "st-01"), *topics) == {topic: topic == topics[0] for topic in topics}


def test_the_agent_reads_stations_and_writes_below_its_base(network: RunningBroker, links: Links) -> None:
    agent = links(network.port, "davylamp", "sensors/+/readings", "davylamp/gw1/request/#")
    run_until(agent, agent.became_ready)
    assert accepted(agent, "davylamp/gw1/st-01/score", "davylamp/gw1/state", "sensors/st-01/readings", "x") == {
        "davylamp/gw1/st-01/score": True, "davylamp/gw1/state": True, "sensors/st-01/readings": False, "x": False,
    }  # fmt: skip
    assert accepted(links(network.port, "st-02"), "sensors/st-02/readings")["sensors/st-02/readings"]
    received = agent.poll(5.0)
    assert [message.topic for message in received] == ["sensors/st-02/readings"]


def test_nobody_overhears_another_or_connects_without_a_login(network: RunningBroker, links: Links) -> None:
    curious = links(network.port, "st-02", "sensors/#", "davylamp/#")
    run_until(curious, curious.became_ready)
    agent = links(network.port, "davylamp")
    assert all(accepted(agent, "davylamp/gw1/state").values())
    assert all(accepted(links(network.port, "st-01"), "sensors/st-01/readings").values())
    curious.publish("x", b"{}", qos=1)  # the broker answers it after everything that it sent us before
    assert run_until(curious, lambda: not curious.in_flight) == []
    broker = Broker(host="127.0.0.1", port=network.port, protocol=5)
    nobody = ReconnectingLink(Options.from_settings(broker, client_id="test-nobody", session_expiry=0))
    run_until(nobody, lambda: nobody.failure is not None)
    assert nobody.failure is not None
    assert nobody.failure.event == "broker refused the login"


def test_a_certificate_serves_as_login(certified: tuple[RunningBroker, Path], links: Links) -> None:
    broker, folder = certified

    def identity(name: str) -> TLS:
        return TLS(ca=f"{folder}/ca.crt", certificate=f"{folder}/{name}.crt", key=f"{folder}/{name}.key")

    agent = links(broker.port, "davylamp", "sensors/+/readings", tls=identity("davylamp"))
    run_until(agent, agent.became_ready)
    station = links(broker.port, "st-01", tls=identity("st-01"))
    topics = ["sensors/st-01/readings", "sensors/st-02/readings"]
    assert accepted(station, *topics) == {topics[0]: True, topics[1]: False}
    assert [message.topic for message in agent.poll(5.0)] == topics[:1]


def test_the_error_of_a_client_without_a_certificate_names_the_setting(
    certified: tuple[RunningBroker, Path], links: Links
) -> None:
    broker, folder = certified
    link = links(broker.port, "davylamp", tls=TLS(ca=f"{folder}/ca.crt"))
    run_until(link, lambda: link.failure is not None)
    assert link.failure is not None
    assert link.failure.event == "no TLS with the broker"
    assert "broker.tls.certificate" in link.failure.detail
