"""Fixtures of the page's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard_process import DashboardProcess
from tests.edge.dashboard.made_up_page import MadeUpPage
from tests.edge.dashboard.page_client import PageClient, Serve
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUpPage]:
    """The page upon made-up answers."""
    one = MadeUpPage(monkeypatch)
    yield one
    one.close()


@pytest.fixture(scope="package")
def own_broker(start_broker: StartBroker) -> RunningBroker:
    """A broker that only tests of the page use."""
    return start_broker()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start pages at a broker's port; they are killed in the end if they still run."""
    servers: list[DashboardProcess] = []

    def start(broker_port: int) -> DashboardProcess:
        servers.append(DashboardProcess(tmp_path, broker_port))
        return servers[-1]

    yield start
    for each in servers:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def agent(own_broker: RunningBroker, client: Connect) -> Iterator[MqttClient]:
    """A client that publishes as an agent does."""
    one = client(own_broker.port, "davylamp/gw1/request/#")
    yield one
    for topic in ("state", "info", "st-1/availability", "st-1/alarm"):
        one.publish(f"davylamp/gw1/{topic}", b"", retain=True)


@pytest.fixture(scope="package")
def shared_page(own_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageClient]:
    """A page that several tests ask."""
    server = DashboardProcess(tmp_path_factory.mktemp("shared"), own_broker.port)
    yield PageClient(server.port)
    assert server.stop() == 0
