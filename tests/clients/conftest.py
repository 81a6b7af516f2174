"""Node.js with MQTT.js and Node-RED, as `make test-clients` installs them; everything is skipped without them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.mqtt.topics import Topics
from tests.agent_process import StartAgentProcess
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import StartBroker
from tests.test_requests import let_a_station_leak

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "build" / "clients" / "node_modules"
TOPICS = Topics("davylamp/gw1")


class RunningGateway(NamedTuple):
    """A broker, an agent with an open methane alarm at station st-1, and a client that receives everything."""

    port: int
    other: MqttClient


@pytest.fixture(scope="session")
def node() -> str:
    """Path of Node.js."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("NODE-RED AND MQTT.JS ARE NOT TESTED: there is no Node.js on PATH; then run `make test-clients`")
    if not all((MODULES / name).is_dir() for name in ("node-red", "mqtt")):
        pytest.skip(
            "NODE-RED AND MQTT.JS ARE NOT TESTED: run `make test-clients`, which installs them in build/clients"
        )
    return found


@pytest.fixture
def leaking_gateway(start_broker: StartBroker, agent_process: StartAgentProcess, client: Connect) -> RunningGateway:
    port = start_broker().port
    other = client(port, "davylamp/#")
    agent_process(port)
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    let_a_station_leak(other)
    return RunningGateway(port, other)
