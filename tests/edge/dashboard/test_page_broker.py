"""The page at a broker with a login, a certificate of an authority of one's own, and the older protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.settings.broker import TLS, Broker, Password
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Link, Subscription
from edge.stop import Stop
from tests.certificate_authority import CertificateAuthority
from tests.dashboard_process import DashboardProcess
from tests.edge.dashboard.page_client import PageClient
from tests.edge.watching.messages import BASE, availability, state
from tests.running_broker import RunningBroker, StartBroker

pytest.importorskip("uvicorn", reason="THE PAGE IS NOT TESTED: pip install 'davylamp[dashboard]'")
pytestmark = pytest.mark.mqtt5  # the embedded broker has neither logins nor certificates

RULES = "user page\ntopic read davylamp/#\ntopic write davylamp/+/request/#\nuser agent\ntopic readwrite davylamp/#\n"
ServeWith = Callable[[str], DashboardProcess]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a certificate, logins, and the rules of what these may do."""
    made = tmp_path_factory.mktemp("strict")
    CertificateAuthority(made).issue("broker")
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("no mosquitto_passwd: logins are not tested")
    (made / "passwords").touch()
    for name in ("page", "agent"):
        subprocess.run([tool, "-b", str(made / "passwords"), name, f"{name}-secret"], check=True)
        (made / name).write_text(f"{name}-secret\n")
    (made / "rules").write_text(RULES)
    for name in ("passwords", "rules"):
        (made / name).chmod(0o644)
    return made


@pytest.fixture(scope="module")
def strict_broker(folder: Path, start_broker: StartBroker) -> RunningBroker:
    """A Mosquitto that wants a login, has rules of access, and speaks TLS alone."""
    return start_broker(
        "allow_anonymous false", f"password_file {folder}/passwords", f"acl_file {folder}/rules",
        f"cafile {folder}/ca.crt", f"certfile {folder}/broker.crt", f"keyfile {folder}/broker.key",
    )  # fmt: skip


@pytest.fixture
def agent(strict_broker: RunningBroker, folder: Path) -> Iterator[Link]:
    """A link with the agent's login, subscribed to requests."""
    broker = Broker(
        host="127.0.0.1", port=strict_broker.port, username="agent",
        password=Password(file=str(folder / "agent")), tls=TLS(ca=str(folder / "ca.crt")),
    )  # fmt: skip
    with Stop() as stop, command_link(broker, "agent", [Subscription(f"{BASE}/request/#")], stop) as link:
        while not link.became_ready():
            link.poll(0.1)
        yield link


@pytest.fixture
def serve_with(strict_broker: RunningBroker, tmp_path: Path) -> Iterator[ServeWith]:
    """Start the page with settings of the broker; it is killed in the end if it still runs."""
    pages: list[DashboardProcess] = []

    def start(settings: str) -> DashboardProcess:
        config = tmp_path / "gateway.yaml"
        where = f"host: 127.0.0.1, port: {strict_broker.port}"
        config.write_text(f"gateway: gw1\nbroker: {{{where}, {settings}}}\nstations: [{{bundle: one.davy}}]\n")
        pages.append(DashboardProcess(tmp_path, strict_broker.port, 0, config))
        return pages[-1]

    yield start
    for each in pages:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


def test_the_page_reads_and_asks_with_the_login_of_the_gateway_file(
    serve_with: ServeWith, agent: Link, folder: Path
) -> None:
    for each in (state(), availability("st-1")):
        agent.publish(each.topic, each.payload, qos=1, retain=True)
    agent.flush()
    login = f"username: page, password: {{file: {folder}/page}}"
    server = serve_with(f"protocol: '3.1.1', tls: {{ca: {folder}/ca.crt}}, {login}")
    page = PageClient(server.port)
    found = page.wait(lambda now: now["stations"] and now["stations"][0]["available"] and now)
    assert (found["link"]["state"], found["link"]["detail"]) == ("connected", None)
    answers: list[tuple[int, dict[str, str], bytes]] = []
    asked = {"station": f"{BASE}/st-1", "id": "a1", "label": "plume"}
    asking = threading.Thread(target=lambda: answers.append(page.request("POST", "/api/acknowledge", asked)))
    asking.start()
    messages = agent.poll(10.0) or agent.poll(10.0)
    request = json.loads(messages[0].payload)
    assert (request["id"], request["label"]) == ("a1", "plume")
    done = {"transaction": request["transaction"], "status": "ok", "data": {"events": []}, "error": None}
    agent.publish(f"{BASE}/response/alarm/acknowledge", json.dumps(done).encode(), qos=1)
    agent.flush()
    asking.join(20)
    assert answers[0][0] == 200
    assert server.stop() == 0
    assert "page-secret" not in server.log.read_text() + json.dumps(found)
