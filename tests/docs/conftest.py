"""What the commands of the documents find: a broker, an agent with an open alarm, stations that send."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.mqtt.topics import Topics
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber
from tests.agent_process import AgentProcess
from tests.conftest import RECORD_FOLDER, ROOT
from tests.docs.command_blocks import CommandBlock, command_blocks
from tests.docs.workspace import Workspace
from tests.mqtt_client import MqttClient
from tests.running_broker import StartBroker

STATION = load_station(METHANE)
TOPICS = Topics("davylamp/gw1")
OpenPage = Callable[[str], Workspace]


@pytest.fixture(scope="module")  # what it starts would go on beside all other tests
def gateway_of_pages(
    start_broker: StartBroker, bundles: dict[str, Path], protocol: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Path]]:
    """The port of a broker, and the folder of an agent there: station st-1 leaks, and another one sends elsewhere."""
    folder = tmp_path_factory.mktemp("gateway-of-pages")
    port = start_broker().port
    where = f"broker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\n"
    agent = AgentProcess(
        folder,
        f"gateway: gw1\n{where}stations: [{{bundle: {bundles['both']}}}]\nsynthesis: {{per_minute: 1000}}\n"
        "alarms: {methane: {limit: 15000}}\n",
    )
    other = MqttClient(port, "davylamp/#")
    other.wait(TOPICS.state, lambda body: body["state"] == "online", timeout=30)
    simulate = [sys.executable, "-m", "davylamp", "simulate", "--broker", f"127.0.0.1:{port}", "--interval", "0.1"]
    sending = [
        subprocess.Popen([*simulate, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
        for words in (
            ("--id", "st-1", "--inject", "leak@20:1000000:30000"),
            ("--id", "shed", "--topic", "tele/{station}/SENSOR"),
        )
    ]
    other.wait(TOPICS.event("st-1"), lambda body: body["kind"] == "methane", timeout=30)
    other.close()
    yield port, folder
    for process in (*sending, agent.process):
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def open_page(
    gateway_of_pages: tuple[int, Path],
    bundles: dict[str, Path],
    runs: dict[str, Path],
    protocol: str,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> OpenPage:
    """Return the folder of a page, which its blocks share in their order."""
    port, agent = gateway_of_pages
    opened: dict[str, Workspace] = {}
    records = {name: RECORD_FOLDER / f"{name}.csv" for name in ("station-1", "station-2", "station-3")}
    if not pytestconfig.getoption("--every-command") or not all(path.is_file() for path in records.values()):
        folder = tmp_path_factory.mktemp("record")
        for seed, name in enumerate(records):
            records[name] = folder / f"{name}.csv"
            write_table(records[name], STATION.names, simulate_chamber(1000, seed=seed))

    def open_it(page: str) -> Workspace:
        if page not in opened:
            made = Workspace(tmp_path_factory.mktemp("page") / "reader", port)
            made.lay(one__davy=bundles["both"], new__davy=bundles["vae"], runs0one=runs["both"], methane__yaml=METHANE)
            for data in (made.folder / "data", made.folder / "my-station" / "data"):  # some pages go there
                data.mkdir(parents=True)
                for name, path in records.items():
                    (data / f"{name}.csv").symlink_to(path)
            starts_one = any(block.page == page and "davylamp agent" in block.text for block in command_blocks())
            if page == "docs/fleets.md":
                _lay_fleet(made.folder, bundles["both"])
            (made.folder / "gateway.yaml").write_text(
                f"gateway: {'gw2' if starts_one else 'gw1'}\n"
                f"broker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\nstations: [{{bundle: one.davy}}]\n"
            )
            if not starts_one:
                (made.folder / "journal.db").symlink_to(agent / "journal.db")
            opened[page] = made
        return opened[page]

    return open_it


def _lay_fleet(folder: Path, bundle: Path) -> None:
    """Write what the page about many stations has by then: their file, settings for a quick training, bundles."""
    (folder / "training.yaml").write_bytes(msgspec.yaml.encode(Training.quick()))
    (folder / "fleet.yaml").write_text(
        "station: methane.yaml\ntraining: training.yaml\n"
        "stations: [{name: st-7, files: data/station-1.csv}, {names: [st-1, st-8, st-9], bundle: one.davy}]\n"
    )
    (folder / "bundles").mkdir()
    for data in (folder / "data").iterdir():
        shutil.copy(bundle, folder / "bundles" / f"{data.stem}.davy")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give ``block`` every command block of the documents."""
    if "block" in metafunc.fixturenames:
        blocks: list[CommandBlock] = command_blocks()
        metafunc.parametrize("block", blocks, ids=str)
