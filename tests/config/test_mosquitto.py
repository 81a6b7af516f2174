"""mosquitto.conf and mosquitto.acl, as they ship, with the lines for stations on the network switched on."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings.broker import TLS, Broker, Password
from config.templates.templates import MOSQUITTO, MOSQUITTO_ACL
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink

pytestmark = [pytest.mark.broker, pytest.mark.mqtt5]

Links = Callable[..., ReconnectingLink]


def switched_on(folder: Path) -> list[str]:
    """The settings that the shipped file has in comments, with the files that they name in ``folder``."""
    lines = re.findall(r"^#([a-z_]+ .*)$", MOSQUITTO.read_text(), re.MULTILINE)
    assert {line.split()[0] for line in lines} >= {"acl_file", "password_file", "certfile", "require_certificate"}
    return [re.sub(r"/etc/mosquitto/(certs/)?", f"{folder}/", line) for line in lines if "listener" not in line]


def readable(folder: Path) -> Path:
    shutil.copy(MOSQUITTO_ACL, folder / "davylamp.acl")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@pytest.fixture(scope="module")
def network(start_broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Mosquitto with logins; the password of a user is ``secret of USER``."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    folder = tmp_path_factory.mktemp("network")
    (folder / "passwords").touch()
    for user in ("davylamp", "st-01", "st-02"):
        subprocess.run([tool, "-b", "passwords", user, f"secret of {user}"], check=True, cwd=folder)
    lines = [line for line in switched_on(readable(folder)) if "cert" not in line and "ca" not in line.split()[0]]
    return start_broker(*(line for line in lines if not line.startswith(("keyfile", "use_"))))


@pytest.fixture(scope="module")
def certified(start_broker: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Mosquitto that knows everybody by certificate; and the folder where they are."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: certificates are not tested")
    folder = tmp_path_factory.mktemp("certified")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=ca")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("broker", "davylamp", "st-01"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2", "-extfile", "names")  # fmt: skip
    lines = [line for line in switched_on(readable(folder)) if "password" not in line and "anonymous" not in line]
    return start_broker(*lines, "allow_anonymous false"), folder


@pytest.fixture
def links(tmp_path: Path) -> Iterator[Links]:
    """Connect somebody by password, or with ``tls`` as whoever the certificate names."""
    made: list[ReconnectingLink] = []

    def connect(port: int, user: str, *filters: str, tls: TLS | None = None) -> ReconnectingLink:
        (tmp_path / user).write_text(f"secret of {user}")
        login = {} if tls else {"username": user, "password": Password(file=str(tmp_path / user))}
        broker = Broker(host="127.0.0.1", port=port, protocol=5, tls=tls, **login)
        options = Options.of(broker, client_id=f"test-{user}", session_expiry=0)
        made.append(ReconnectingLink(options, [Subscription(each) for each in filters]))
        return made[-1]

    yield connect
    for link in made:
        link.close(0.1)


def until(link: ReconnectingLink, condition: Callable[[], Any]) -> list[Message]:
    deadline = time.monotonic() + 10
    messages: list[Message] = []
    while not condition():
        assert time.monotonic() < deadline, link.failure
        link.flush()
        messages += link.poll(0.05)
    return messages


def may(link: ReconnectingLink, *topics: str) -> dict[str, bool]:
    """What the broker says to a publication on each topic."""
    until(link, lambda: link.connected)
    for topic in topics:
        link.publish(topic, b"{}", qos=1)
    until(link, lambda: not link.in_flight)
    return {receipt.topic: receipt.refusal is None for receipt in link.receipts()}


def test_a_station_writes_its_own_readings_and_nothing_else(network: Any, links: Links) -> None:
    topics = ["sensors/st-01/readings", "sensors/st-02/readings", "sensors/st-01/other", "davylamp/gw1/request/info",
              "davylamp/gw1/state"]  # fmt: skip
    assert may(links(network.port, "st-01"), *topics) == {topic: topic == topics[0] for topic in topics}


def test_the_agent_reads_stations_and_writes_below_its_base(network: Any, links: Links) -> None:
    agent = links(network.port, "davylamp", "sensors/+/readings", "davylamp/gw1/request/#")
    until(agent, agent.became_ready)
    assert may(agent, "davylamp/gw1/st-01/score", "davylamp/gw1/state", "sensors/st-01/readings", "x") == {
        "davylamp/gw1/st-01/score": True, "davylamp/gw1/state": True, "sensors/st-01/readings": False, "x": False,
    }  # fmt: skip
    assert may(links(network.port, "st-02"), "sensors/st-02/readings")["sensors/st-02/readings"]
    heard = agent.poll(5.0)
    assert [message.topic for message in heard] == ["sensors/st-02/readings"]


def test_nobody_overhears_another_and_nobody_comes_in_without_a_login(network: Any, links: Links) -> None:
    curious = links(network.port, "st-02", "sensors/#", "davylamp/#")
    until(curious, curious.became_ready)
    agent = links(network.port, "davylamp")
    assert all(may(agent, "davylamp/gw1/state").values())
    assert all(may(links(network.port, "st-01"), "sensors/st-01/readings").values())
    curious.publish("x", b"{}", qos=1)  # its answer comes after whatever was sent to us before
    assert until(curious, lambda: not curious.in_flight) == []
    broker = Broker(host="127.0.0.1", port=network.port, protocol=5)
    nobody = ReconnectingLink(Options.of(broker, client_id="test-nobody", session_expiry=0))
    until(nobody, lambda: nobody.failure is not None)
    assert nobody.failure is not None
    assert nobody.failure.event == "broker refused the login"


def test_a_certificate_is_a_login(certified: tuple[Any, Path], links: Links) -> None:
    broker, folder = certified

    def identity(name: str) -> TLS:
        return TLS(ca=f"{folder}/ca.crt", certificate=f"{folder}/{name}.crt", key=f"{folder}/{name}.key")

    agent = links(broker.port, "davylamp", "sensors/+/readings", tls=identity("davylamp"))
    until(agent, agent.became_ready)
    station = links(broker.port, "st-01", tls=identity("st-01"))
    topics = ["sensors/st-01/readings", "sensors/st-02/readings"]
    assert may(station, *topics) == {topics[0]: True, topics[1]: False}
    assert [message.topic for message in agent.poll(5.0)] == topics[:1]


def test_who_has_no_certificate_is_told_what_is_missing(certified: tuple[Any, Path], links: Links) -> None:
    broker, folder = certified
    link = links(broker.port, "davylamp", tls=TLS(ca=f"{folder}/ca.crt"))
    until(link, lambda: link.failure is not None)
    assert link.failure is not None
    assert link.failure.event == "no TLS with the broker"
    assert "broker.tls.certificate" in link.failure.detail
