"""A broker with agents, stations and listeners around it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from rig.agent import ROOT, Agent
from rig.broker import Broker
from rig.process import cpu_seconds
from rig.raw import RawListener, RawPublisher

_RIG = Path(__file__).parent
_PATIENCE = 300.0  # [s]
_CALM = 0.3  # [s]


class Bench:
    """A broker with the shipped settings except persistence, and everything that connects to it.

    Parameters
    ----------
    folder
        Folder for all files.
    bundle
        Bundle of the agents.
    """

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder, self.bundle = folder, bundle
        self.broker = Broker(folder / "broker", "persistence false")
        self.broker.start()
        self.publisher = RawPublisher(self.broker.port)
        self.rows = simulate_chamber(4000, seed=1).tolist()
        self.keys = load_station(METHANE).keys
        self._agents = 0

    def agent(self, base: str, *, every: int = 1, journal: Path | None = None, settings: str = "") -> Agent:
        """Make an agent; the caller starts it."""
        self._agents += 1
        path = (journal or self.folder) / f"journal-{self._agents}.db"
        return Agent(
            self.folder / f"agent-{self._agents}",
            f"gateway: g{self._agents}\nbroker: {{host: 127.0.0.1, port: {self.broker.port}}}\n"
            f"topics: {{base: davylamp/{base}}}\n"
            f'stations: [{{topic: "{base}/{{station}}/readings", bundle: {self.bundle.resolve()}}}]\n'
            f"scoring: {{publish_every: {every}}}\njournal: {{path: {path}}}\nhealth: {{every: 3600}}\n{settings}",
        )

    def payload(self, seq: int) -> bytes:
        """Encode one reading."""
        body = dict(zip(self.keys, self.rows[seq % len(self.rows)], strict=True))
        return msgspec.json.encode(body | {"ts": 1.75e9 + seq, "seq": seq})

    @contextmanager
    def listening(self, *filters: str, keeps: bool = False) -> Iterator[RawListener]:
        """Listen inside a ``with`` block."""
        listener = RawListener(self.broker.port, filters, keeps)
        try:
            yield listener
        finally:
            listener.close()

    def script(self, name: str) -> subprocess.Popen[bytes]:
        """Start a peer, ``NAME.py`` beside this file, and return it once it listens to ``NAME/+/readings``."""
        command = [sys.executable, str(_RIG / f"{name}.py"), f"{name}/+/readings", f"{name}/out", str(self.broker.port)]
        with self.listening(f"{name}/out") as listener:
            process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
            wait(lambda: f"{name}/out" in listener.tallies)  # it publishes that it is ready
        return process

    def start(self, agent: Agent, base: str) -> int:
        """Start an agent, and return its process once it is online."""
        topic = f"davylamp/{base}/state"
        with self.listening(topic) as listener:
            agent.start()
            wait(lambda: topic in listener.tallies and b'"online"' in listener.tallies[topic].newest, agent.log)
        return agent.pid

    @contextmanager
    def running(self, agent: Agent, base: str) -> Iterator[int]:
        """Run an agent inside a ``with`` block; gives its process identifier."""
        try:
            yield self.start(agent, base)
        finally:
            agent.stop()

    def end(self) -> None:
        """Stop the broker."""
        self.publisher.close()
        self.broker.end()


def wait(condition: Callable[[], bool], log: Path | None = None) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log else ""
            raise SystemExit(f"the condition did not hold within {_PATIENCE:g} s\n{tail}")
        time.sleep(0.002)


def settled_cpu(pid: int) -> float:
    """Wait until a process is idle, and return its CPU time [s]."""
    before = cpu_seconds(pid)
    while True:
        time.sleep(_CALM)
        now = cpu_seconds(pid)
        if now - before < 0.02 * _CALM:
            return now
        before = now
