"""Fixtures shared by all tests: the real record when it is there, a small trained run and its bundle, a broker."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
import rig.broker
from hypothesis import settings

from tests.agent_process import AgentProcess, StartAgentProcess
from tests.browser import Browser
from tests.doubles import FakeClock, FakeLink
from tests.mqtt_client import Connect, MqttClient
from tests.running_broker import RunningBroker, StartBroker

if TYPE_CHECKING:
    from trainer.data.record import Record

ROOT = Path(__file__).parent.parent
RECORD_FOLDER = ROOT.parent / "shared" / "data"

settings.register_profile("patient", deadline=None)  # a slow example on a busy machine is no failure
settings.load_profile("patient")


@pytest.fixture(scope="session")
def record_folder() -> Path:
    """Folder of the real record (station-1.csv ...); without it the test is skipped, and the summary says so."""
    if not (RECORD_FOLDER / "station-1.csv").is_file():
        pytest.skip("the real record is not beside the project (expected ../shared/data/station-1.csv)")
    return RECORD_FOLDER


def _needs(library: str, extra: str) -> None:
    pytest.importorskip(library, reason=f"NOT TESTED WITHOUT THE EXTRA '{extra}': {library} is not installed")


@pytest.fixture(scope="session")
def chamber() -> Record:
    """3,000 simulated chamber rows of board 1 as a record."""
    _needs("pandas", "trainer")
    from config.templates.templates import METHANE
    from config.yaml.load import load_station
    from edge.simulation.simulator import simulate_chamber
    from trainer.data.record import Record

    return Record.from_values(simulate_chamber(3000, seed=1), load_station(METHANE))


@pytest.fixture(scope="session")
def runs(chamber: Record, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Quickly trained run folders, one per ``--model``: ae, vae, both."""
    _needs("torch", "trainer")
    from config.settings.training import Training
    from trainer.train import train

    folder = tmp_path_factory.mktemp("runs")
    for model in ("ae", "vae", "both"):
        train(chamber, Training.quick(model=model), folder / model)
    return {model: folder / model for model in ("ae", "vae", "both")}


@pytest.fixture(scope="session")
def bundles(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The bundles exported from ``runs``."""
    from export.export import export
    from trainer.run import Run

    folder = tmp_path_factory.mktemp("bundles")
    for model, run in runs.items():
        export(Run.open(run), folder / f"{model}.davy")
    return {model: folder / f"{model}.davy" for model in runs}


# ---- where and how ---------------------------------------------------------------------------------------------------

MEMORY_FOLDER = Path("/dev/shm")
MEMORY_LEAST = 2 * 2**30  # [bytes]


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary folders in memory: a journal waits for its disk at every turn, which a test does not measure.

    A kill loses as little of a file there as of one on a disk. ``--basetemp`` and PYTEST_DEBUG_TEMPROOT choose a disk.
    Arrays as small as ours are no faster on more threads, which only wait for each other; processes inherit that.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if config.option.basetemp is None and os.access(MEMORY_FOLDER, os.W_OK):
        room = os.statvfs(MEMORY_FOLDER)
        if room.f_bavail * room.f_frsize >= MEMORY_LEAST:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_FOLDER))


# ---- a broker --------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--embedded-broker", action="store_true", help="run the broker tests as on a machine without Mosquitto"
    )
    parser.addoption("--every-benchmark", action="store_true", help="run also the benchmarks that take a minute")
    parser.addoption("--every-command", action="store_true", help="run also the documents' commands that take minutes")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("mqtt5") and _mosquitto(item.config) is None:
        pytest.skip("MQTT 5 IS NOT TESTED: there is no mosquitto on PATH or in /usr/sbin (apt install mosquitto)")


def _mosquitto(config: pytest.Config) -> str | None:
    if config.getoption("--embedded-broker"):
        return None
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def _embedded(port: int, folder: Path) -> list[str]:
    _needs("amqtt", "demo")
    from export.demo.embedded_broker import broker_command  # the demo imports torch

    return broker_command(port, folder)


@pytest.fixture(scope="session")
def start_broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartBroker]:
    """Start another broker: Mosquitto with ``config/templates/mosquitto.conf``, in which the arguments replace lines.

    ``start_broker("allow_anonymous false", "password_file ...")``; all of them are stopped in the end.
    """
    brokers: list[RunningBroker] = []

    def start(*lines: str) -> RunningBroker:
        folder = tmp_path_factory.mktemp("broker")
        port = rig.broker.free_port()
        mosquitto = _mosquitto(request.config)
        if mosquitto is not None:
            path = folder / "mosquitto.conf"
            path.write_text(rig.broker.adapted_settings(port, folder, lines))
            command = [mosquitto, "-c", str(path)]
        else:
            command = _embedded(port, folder)
        broker = RunningBroker(command, folder, port)
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture(scope="session")
def protocol(request: pytest.FixtureRequest) -> str:
    """Value for ``broker.protocol``: with MQTT 5 the embedded broker would hang for 3 s in every test."""
    return "auto" if _mosquitto(request.config) else "3.1.1"


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """The embedded broker (amqtt), whether there is a Mosquitto or not."""
    port = rig.broker.free_port()
    folder = tmp_path_factory.mktemp("embedded")
    broker = RunningBroker(_embedded(port, folder), folder, port)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def broker(start_broker: StartBroker) -> RunningBroker:
    """The broker that all tests share; each test uses topics of its own."""
    return start_broker()


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens."""
    return rig.broker.free_port()


@pytest.fixture
def client() -> Iterator[Connect]:
    """Connect another client: ``client(port, *filters, protocol=mqtt.MQTTv5)``."""
    clients: list[MqttClient] = []

    def connect(port: int, *filters: str, protocol: int = mqtt.MQTTv311) -> MqttClient:
        clients.append(MqttClient(port, *filters, protocol=protocol))
        return clients[-1]

    yield connect
    for each in clients:
        each.close()


# ---- an agent in a process of its own --------------------------------------------------------------------------------


@pytest.fixture
def agent_process(bundles: dict[str, Path], tmp_path: Path, protocol: str) -> Iterator[StartAgentProcess]:
    """Start agents; they are killed in the end if they still run."""
    agents: list[AgentProcess] = []

    def start(port: int, settings: str = "") -> AgentProcess:
        gateway = (
            f"gateway: gw1\nbroker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\n"
            f"stations: [{{bundle: {bundles['both']}}}]\nhealth: {{every: 1}}\n{settings}"
        )
        agents.append(AgentProcess(tmp_path, gateway))
        return agents[-1]

    yield start
    for each in agents:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


# ---- time and link, injected -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, if it is there."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("NO PAGE IS TESTED IN A BROWSER: there is no chromium on PATH (apt install chromium)")
    one = Browser(program, tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture
def logging_afterwards() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger("davylamp")
    handlers, level, propagate, last_resort = root.handlers[:], root.level, root.propagate, logging.lastResort
    yield
    root.handlers[:], root.propagate, logging.lastResort = handlers, propagate, last_resort
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logging.getLogger("py.warnings").handlers.clear()


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def fake_link() -> FakeLink:
    """A link without a broker."""
    return FakeLink()
