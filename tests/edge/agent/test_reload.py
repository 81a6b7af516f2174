"""SIGHUP: the agent goes on with what its files say now, or as it was if they cannot be used."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from config.settings.gateway import Gateway, JournalSettings, StationEntry
from edge.agent.configuration import Configuration
from tests.agent_process import AgentProcess, StartAgentProcess
from tests.doubles import GOOD
from tests.mqtt_client import Connect
from tests.running_broker import RunningBroker


def opened(*files: Path, **settings: object) -> Configuration:
    entries = tuple(StationEntry(bundle=str(file), topic=f"{n}/{{station}}") for n, file in enumerate(files))
    return Configuration.of(Gateway(gateway="gw1", stations=entries, **settings), lambda *_: None)  # type: ignore[arg-type]


def test_what_has_changed_is_named(bundles: dict[str, Path], tmp_path: Path) -> None:
    file = Path(shutil.copy(bundles["both"], tmp_path / "one.davy"))
    before = opened(file)
    assert opened(file).changes(before) == []
    assert opened(file, journal=JournalSettings(max_mb=9)).changes(before) == ["journal.max_mb"]
    shutil.copy(bundles["ae"], file)
    assert opened(file).changes(before) == [str(file)]
    added = opened(file, file).changes(before)
    assert "stations[1].topic" in added
    assert "stations[0].topic" not in added


def test_a_bundle_that_is_the_same_is_not_verified_again(bundles: dict[str, Path]) -> None:
    before, verified = opened(bundles["both"]), []
    gateway = Gateway(stations=(StationEntry(bundle=str(bundles["both"])),))
    after = Configuration.of(gateway, lambda *found: verified.append(found), before)
    assert (after.bundles[0] is before.bundles[0], verified) == (True, [])


def wait_for_log(agent: AgentProcess, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + 20
    while agent.log.read_text().count(text) < times:
        assert time.monotonic() < deadline, agent.log.read_text()[-1500:]
        assert agent.process.poll() is None, agent.log.read_text()[-1500:]
        time.sleep(0.02)


@pytest.mark.broker
def test_an_agent_reloads_what_it_can_and_loses_nothing(
    broker: RunningBroker, client: Connect, agent_process: StartAgentProcess, tmp_path: Path
) -> None:
    base = "topics: {base: test-reload}\n"
    watcher = client(broker.port, "test-reload/+/score", "test-reload/state")
    agent = agent_process(broker.port, base)
    wait_for_log(agent, "connected")
    sound = agent.config.read_text().replace("sensors", "in-reload")
    sound = sound.replace("stations: [{", 'stations: [{topic: "in-reload/{station}", ')
    agent.config.write_text(sound)
    agent.process.send_signal(signal.SIGHUP)
    wait_for_log(agent, "reloaded changed=stations[0].topic")
    wait_for_log(agent, "connected", 2)
    client(broker.port).publish("in-reload/st-1", GOOD)
    agent.config.write_text("gateway: [\n")
    agent.process.send_signal(signal.SIGHUP)
    wait_for_log(agent, "reload refused")
    agent.config.write_text(sound + "journal: {max_mb: 99}\n")
    agent.process.send_signal(signal.SIGHUP)
    wait_for_log(agent, "reloaded, nothing has changed needs_restart=journal")
    client(broker.port).publish("in-reload/st-1", GOOD | {"ch4_ppb": 2001.0})
    watcher.wait("test-reload/st-1/score", lambda body: body["n"] == 2)
    assert [each["n"] for each in watcher.on("test-reload/st-1/score")] == [1, 2]
    assert agent.stop(signal.SIGQUIT)[0] == 0
    assert "stopped by=SIGQUIT" in agent.log.read_text()
    watcher.wait("test-reload/state", lambda body: body["state"] == "stopped")
