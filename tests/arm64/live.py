"""Agents on one broker, of this machine and emulated ones: they get the same readings, and should publish the same."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from tests.arm64.guest_memory import PeakMemory, native_peak_mib
from tests.arm64.userland import CPUS, ROOT, Userland, broker_program

READINGS = 5000
AROUND = 13_000
"""Rows of the largest request that imitates rows: its message is as long as a message may be."""

_PATIENCE = 240.0  # [s]
_PORTION = 250
_BEGUN = 1_780_000_000
# What follows from the moment at which a reading arrived is each agent's own; and so are reminders of alarms.
_OWN = frozenset({"received", "id", "historical"})
_LASTING = ("open", "close")


class LiveAgent:
    """`davylamp agent` in a folder of its own, emulated or not."""

    def __init__(self, name: str, command: list[str], variables: dict[str, str], folder: Path, port: int) -> None:
        self.name = name
        self.emulated = "qemu" in command[0]
        home = folder / name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "gateway.yaml").write_text(
            f"gateway: {name}\nbroker: {{host: 127.0.0.1, port: {port}}}\n"
            f'stations: [{{topic: "sensors/{{station}}/readings", bundle: {folder / "one.davy"}}}]\n'
        )
        self.log = home / "agent.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "-m", "davylamp", "agent", "-c", "gateway.yaml"], cwd=home, env=variables,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._peak = PeakMemory(self.process.pid)

    @property
    def peak_mib(self) -> float:
        """Highest resident memory so far [MiB]."""
        return self._peak.mib if self.emulated else native_peak_mib(self.process.pid)

    def stop(self) -> None:
        self._peak.stop()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Observer:
    """A client that publishes readings and collects everything that the agents publish."""

    def __init__(self, port: int) -> None:
        self.messages: defaultdict[str, list[bytes]] = defaultdict(list)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = lambda client, data, message: self.messages[message.topic].append(
            bytes(message.payload)
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("davylamp/#", qos=1)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def wait_for(self, topic: str, count: int) -> bool:
        """Return whether there are so many messages of a topic within the time."""
        deadline = time.monotonic() + _PATIENCE
        while len(self.messages[topic]) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return len(self.messages[topic]) >= count

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def run_live(folder: Path, emulated: list[Userland]) -> Iterator[tuple[str, str, bool]]:
    """Let the agents score the same readings; yield what was tried, what came of it, and whether that is right."""
    with _broker(folder) as port:
        observer = Observer(port)
        here = LiveAgent("here", [sys.executable], os.environ | {"PYTHONPATH": str(ROOT)}, folder, port)
        agents = [here] + [
            LiveAgent(f"arm-{each.python.replace('.', '')}", each.command(), each.variables(cpu), folder, port)
            for each, cpu in zip(emulated, CPUS, strict=True)
        ]
        try:
            yield from _compare(observer, agents)
            yield from _remember(observer, agents)
        finally:
            observer.stop()
            for agent in agents:
                agent.stop()


def _compare(observer: Observer, agents: list[LiveAgent]) -> Iterator[tuple[str, str, bool]]:
    for agent in agents:
        if not observer.wait_for(f"davylamp/{agent.name}/state", 1):
            yield f"{agent.name}: starts", f"no state within {_PATIENCE:.0f} s, see {agent.log}", False
            return
    begun = time.monotonic()
    readings, complete = list(_readings()), True
    for at in range(0, READINGS, _PORTION):  # in portions: a busy machine emulates too slowly for the broker's patience
        for reading in readings[at : at + _PORTION]:
            observer.publish("sensors/st-1/readings", reading)
        complete = complete and all(
            observer.wait_for(f"davylamp/{agent.name}/st-1/score", at + _PORTION) for agent in agents
        )
    expected = _scores(observer, agents[0].name)
    for agent in agents:
        found = _scores(observer, agent.name)
        equal = sum(one == other for one, other in zip(found, expected, strict=False))
        what = f"{agent.name}: {READINGS:,} live readings"
        took = f"{time.monotonic() - begun:.0f} s"
        yield (
            what,
            f"{len(found):,} scores, {equal:,} equal to those of this machine ({took})",
            complete and len(found) == equal == READINGS,
        )
        events, here = (_events(observer, name) for name in (agent.name, agents[0].name))
        got = f"{len(events)} opened or closed, {len(here)} on this machine"
        yield f"{agent.name}: alarms", got, bool(events) and events == here


def _remember(observer: Observer, agents: list[LiveAgent]) -> Iterator[tuple[str, str, bool]]:
    """Yield the memory of each agent with one station, and at a request with as many rows as a message can have."""
    limits = {"arm-311": 85.0, "arm-313": 95.0}
    if sys.version_info[:2] == (3, 13):
        limits["here"] = 95.0
    for agent in agents:
        limit = limits.get(agent.name)
        goal = "" if limit is None else f" (goal: at most {limit:.0f})"
        yield f"{agent.name}: memory", f"{agent.peak_mib:.1f} MiB{goal}", limit is None or agent.peak_mib <= limit
    (name,) = {len(row) for row in _rows()}
    rows = [[1] * name] * AROUND
    request = json.dumps({"n": 500, "seed": 1, "from": {"around": rows}}, separators=(",", ":")).encode()
    for agent in agents:
        observer.publish(f"davylamp/{agent.name}/request/synthesize", request)
        topic = f"davylamp/{agent.name}/response/synthesize"
        answered = observer.wait_for(topic, 1) and json.loads(observer.messages[topic][0])["status"] == "ok"
        got = f"{agent.peak_mib:.1f} MiB (goal: below 130)" if answered else "no answer"
        yield f"{agent.name}: memory at {AROUND:,} rows around", got, answered and 0 < agent.peak_mib < 130


def _scores(observer: Observer, name: str) -> list[Any]:
    """Return the scores in order; what was published again after a lost connection has its number and counts once."""
    scores = [_own(payload) for payload in observer.messages[f"davylamp/{name}/st-1/score"]]
    return list({score["n"]: score for score in scores}.values())


def _events(observer: Observer, name: str) -> list[Any]:
    events = [_own(payload) for payload in observer.messages[f"davylamp/{name}/st-1/event"]]
    return [event for event in events if event["event_type"] in _LASTING]


def _own(payload: bytes) -> Any:
    """Decode a message without what is different in each run."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(each) for key, each in value.items() if key not in _OWN}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return strip(json.loads(payload))


def _rows() -> Any:
    return simulate_chamber(READINGS, seed=4)


def _readings() -> Iterator[bytes]:
    keys = load_station(METHANE).keys
    for number, row in enumerate(_rows()):
        values = {key: float(value) for key, value in zip(keys, row, strict=True)}
        yield json.dumps(values | {"ts": _BEGUN + number, "seq": number}).encode()


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    """Run Mosquitto on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        f"max_queued_messages {4 * READINGS}\nmax_queued_bytes 0\n"
    )
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([broker_program(), "-c", str(settings)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()
