"""The whole loop: train, export, an agent process, readings with a leak, alarms, synthetic rows, a clean stop."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle
from edge.models.column_digits import shorten_rows
from edge.mqtt.topics import Topics
from edge.simulation.simulator import simulate_chamber
from edge.synthesis.sampler import Sampler
from tests.agent_process import AgentProcess, StartAgentProcess
from tests.certificate_authority import CertificateAuthority
from tests.mqtt_client import Connect
from tests.running_broker import StartBroker

pytestmark = pytest.mark.broker

STATION = load_station(METHANE)
TOPIC = "sensors/st-1/readings"
QUIET, LEAK = 60, 20


def bodies() -> list[dict[str, Any]]:
    """Readings of an undisturbed station, and then readings beside a leak."""
    rows = simulate_chamber(3000, seed=4)
    rows = rows[rows[:, 0] < 2600][: QUIET + LEAK]
    rows[QUIET:, 0] += 20_000.0
    return [dict(zip(STATION.keys, row, strict=True)) | {"seq": n} for n, row in enumerate(rows.tolist())]


def openssl(process: AgentProcess) -> bool:
    """Whether an agent has loaded OpenSSL, which is 4 MiB that only TLS needs."""
    maps = Path(f"/proc/{process.process.pid}/maps")
    return maps.exists() and any(name in maps.read_text() for name in ("libcrypto", "libssl", "/_ssl.", "/_hashlib."))


@pytest.mark.mqtt5
def test_an_agent_loads_openssl_for_a_broker_with_tls(
    start_broker: StartBroker, bundles: dict[str, Path], tmp_path: Path
) -> None:
    CertificateAuthority(tmp_path).issue("broker")
    files = {name: tmp_path / f"{name}" for name in ("ca.crt", "broker.crt", "broker.key")}
    broker = start_broker(
        f"cafile {files['ca.crt']}", f"certfile {files['broker.crt']}", f"keyfile {files['broker.key']}"
    )
    process = AgentProcess(
        tmp_path,
        f"gateway: gw1\nbroker: {{host: 127.0.0.1, port: {broker.port}, tls: {{ca: {files['ca.crt']}}}}}\n"
        f"stations: [{{bundle: {bundles['ae']}}}]\n",
    )
    try:
        deadline = time.monotonic() + 30
        while " connected " not in process.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert " connected " in process.log.read_text()
        assert openssl(process)
    finally:
        assert process.stop()[0] == 0


def test_from_training_to_alarm_and_synthetic_rows(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect, bundles: dict[str, Path]
) -> None:
    broker, topics = start_broker(), Topics("davylamp/gw1")
    other = client(broker.port, "davylamp/#")
    process = agent_process(broker.port)
    birth = other.wait(topics.state, lambda body: body["state"] == "online", timeout=30)
    for body in bodies():
        other.publish(TOPIC, body)
    other.publish(TOPIC, b"nope")
    event = other.wait(topics.event("st-1"), lambda body: body["kind"] == "methane").body
    other.wait(topics.deadletter, lambda body: "expected JSON" in body["reason"])
    other.wait(topics.health, lambda body: body["readings"] == QUIET + LEAK and body["dead_letters"] == 1)

    scores = other.on(topics.score("st-1"))
    assert [score["n"] for score in scores] == list(range(1, QUIET + LEAK + 1))
    assert [score["seq"] for score in scores] == list(range(QUIET + LEAK))
    assert {"methane"} <= set(scores[-1]["exceeds"])
    assert all("methane" not in score["exceeds"] for score in scores[:QUIET])
    bundle = Bundle.open(bundles["both"])
    assert {score["bundle"] for score in scores} == {bundle.id}

    assert (event["event_type"], event["station"], event["by"]) == ("open", "st-1", "enhancement")
    assert other.on(topics.alarm("st-1"))[-1]["alarm"] == "ON"
    assert [body["state"] for body in other.on(topics.availability("st-1"))] == ["online"]

    other.publish(topics.request("synthesize"), {"transaction": "e2e", "n": 600, "seed": 7})
    answer = other.wait(topics.response("synthesize"), lambda body: body["data"]["part"] == 2).body
    assert (answer["transaction"], answer["data"]["parts"]) == ("e2e", 2)
    rows = [row for part in other.on(topics.response("synthesize")) for row in part["data"]["rows"]]
    assert rows == shorten_rows(Sampler(bundle.generator).prior(600, 7), bundle.generator.digits)

    assert not openssl(process)
    code, seconds = process.stop()
    assert code == 0, process.log.read_text()
    assert seconds < 5  # it is a few tenths on an idle machine
    stopped = other.wait(topics.state, lambda body: body["state"] == "stopped").body
    assert stopped["session"] == birth.body["session"]
    assert "Traceback" not in process.log.read_text()


@pytest.mark.mqtt5  # the embedded broker keeps no sessions
def test_readings_that_came_while_the_agent_was_away_are_scored_when_it_is_back(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect
) -> None:
    broker, topics = start_broker(), Topics("davylamp/gw1")
    other = client(broker.port, "davylamp/#")
    process = agent_process(broker.port)
    first = other.wait(topics.state, lambda body: body["state"] == "online", timeout=30).body
    assert process.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    other.wait(topics.state, lambda body: (body["state"], body["session"]) == ("offline", first["session"]))
    for body in bodies()[:30]:
        other.publish(TOPIC, body)
    process.start()
    other.wait(topics.state, lambda body: body["state"] == "online", timeout=30)
    other.wait(topics.score("st-1"), lambda body: body["seq"] == 29, timeout=30)
    assert [score["seq"] for score in other.on(topics.score("st-1"))] == list(range(30))
    assert process.stop(signal.SIGINT)[0] == 0
    other.wait(topics.state, lambda body: body["state"] == "stopped")
    states = other.on(topics.state)
    assert [body["state"] for body in states] == ["online", "offline", "online", "stopped"]
    assert states[0]["session"] == states[1]["session"] != states[2]["session"] == states[3]["session"]


@pytest.mark.mqtt5  # the embedded broker forgets everything when it goes
def test_after_a_broker_was_killed_the_agent_reconnects_and_publishes_everything_again(
    agent_process: StartAgentProcess, start_broker: StartBroker, client: Connect
) -> None:
    broker, topics = start_broker(), Topics("davylamp/gw1")
    process = agent_process(broker.port)
    other = client(broker.port, "davylamp/#")
    other.wait(topics.state, lambda body: body["state"] == "online", timeout=30)
    other.publish(TOPIC, bodies()[0])
    other.wait(topics.score("st-1"))
    broker.kill()
    broker.start()
    again = client(broker.port, topics.state, topics.availability("st-1"), topics.alarm("st-1"))
    again.wait(topics.state, lambda body: body["state"] == "online", timeout=30)
    other = client(broker.port, "davylamp/#")
    other.wait(topics.alarm("st-1"))
    for body in bodies()[1:4]:
        other.publish(TOPIC, body)
    other.wait(topics.score("st-1"), lambda body: body["n"] == 4)
    assert process.stop()[0] == 0


def test_without_a_broker_the_agent_keeps_trying_and_stops_on_a_signal(
    agent_process: StartAgentProcess, free_port: int
) -> None:
    process = agent_process(free_port)
    deadline = time.monotonic() + 30
    while "broker not reachable" not in process.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.process.poll() is None
    assert not openssl(process)
    code, seconds = process.stop()
    assert code == 0, process.log.read_text()
    assert seconds < 5


def test_a_bundle_that_is_cut_off_is_one_line_and_exit_code_1(
    agent_process: StartAgentProcess, bundles: dict[str, Path], tmp_path: Path, free_port: int
) -> None:
    (tmp_path / "cut.davy").write_bytes(bundles["both"].read_bytes()[:-1000])
    process = agent_process(free_port)
    process.stop(signal.SIGKILL)
    process.config.write_text("stations: [{bundle: cut.davy}]\n")
    process.log.write_text("")
    process.start()
    assert process.process.wait(30) == 1
    (line,) = process.log.read_text().splitlines()
    assert "cut.davy" in line
