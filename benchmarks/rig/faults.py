"""Faults of the agent, its broker, its network, its disk and its clock; drawn with a seed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rig.agent import Agent
from rig.broker import Broker
from rig.disk import SmallDisk
from rig.proxy import Proxy
from rig.publisher import Publisher
from rig.witness import Witness

FaultKind = Literal[
    "agent killed",
    "broker killed",
    "broker restarted",
    "connection cut",
    "connection stalled",
    "disk full",
    "disk full, agent killed",
    "journal locked",
    "clock jumped",
    "agent paused",
    "agent restarted",
]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_WEIGHTS = (5, 3, 2, 5, 2, 2, 2, 1, 3, 2, 2)
_DISK_FULL = (1.0, 5.0)  # [s]
_AWAY = (0.0, 2.0)  # [s]
_JUMPS = (-86400.0, -7200.0, -30.0, 30.0, 7200.0, 86400.0)  # [s]
_AT_ONCE = 8
_OVERLAP = 0.25  # share of faults that begin before the previous one is over


@dataclass(frozen=True)
class Fault:
    """One fault.

    Parameters
    ----------
    kind
        Kind of the fault, one of ``KINDS``.
    message
        Index of the message of the load at which it begins.
    seconds
        Duration, or how far a clock jumps [s].
    waits
        Whether it begins only after davylamp has recovered from the previous one.
    """

    kind: FaultKind
    message: int
    seconds: float
    waits: bool

    def __str__(self) -> str:
        """Describe the fault and when it begins."""
        return f"at message {self.message:>6}: {self.kind}, {self.seconds:+.1f} s{'' if self.waits else ' (at once)'}"


def draw(count: int, messages: int, seed: int) -> list[Fault]:
    """Draw ``count`` faults over a load of ``messages``: every kind once while they last, then at random."""
    rng = np.random.default_rng((seed, count, messages))
    weights = np.array(_WEIGHTS) / sum(_WEIGHTS)
    kinds = [*rng.permutation(len(KINDS))[:count], *rng.choice(len(KINDS), max(0, count - len(KINDS)), p=weights)]
    rng.shuffle(kinds)
    places = np.sort(rng.integers(messages // 25, messages - messages // 25, count)).tolist()
    faults = []
    for number, place in zip(kinds, places, strict=True):
        kind = KINDS[number]
        away = _DISK_FULL if kind.startswith("disk full") else _AWAY
        seconds = float(rng.choice(_JUMPS) if kind == "clock jumped" else rng.uniform(*away))
        faults.append(Fault(kind, place, seconds, bool(rng.random() >= _OVERLAP)))
    return faults


class Saboteur:
    """Causes faults; those of one part follow each other, those of different parts may overlap."""

    def __init__(
        self,
        agent: Agent,
        *,
        broker: Broker,
        proxy: Proxy,
        disk: SmallDisk,
        publisher: Publisher,
        witness: Witness,
    ) -> None:
        self._agent = agent
        self._broker = broker
        self._proxy = proxy
        self._disk = disk
        self._publisher = publisher
        self._witness = witness
        self._agent_lock, self._broker_lock, self._disk_lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._under_way: list[Future[None]] = []
        self._faults: dict[FaultKind, Callable[[float], None]] = {
            "agent killed": self._agent_killed,
            "broker killed": self._broker_killed,
            "broker restarted": self._broker_restarted,
            "connection cut": lambda _: self._proxy.cut(),
            "connection stalled": self._connection_stalled,
            "disk full": self._disk_full,
            "disk full, agent killed": self._killed_on_full_disk,
            "journal locked": self._journal_locked,
            "clock jumped": self._agent.jump,
            "agent paused": self._agent_paused,
            "agent restarted": self._agent_restarted,
        }

    def begin(self, fault: Fault) -> None:
        """Begin a fault."""
        self._under_way.append(self._pool.submit(self._faults[fault.kind], fault.seconds))

    def wait(self) -> None:
        """Wait until every fault is over."""
        under_way, self._under_way = self._under_way, []
        for one in under_way:
            one.result()

    def end(self) -> None:
        """Wait for the current faults, and begin no others."""
        self._pool.shutdown(cancel_futures=True)

    def _agent_killed(self, seconds: float) -> None:
        with self._agent_lock:
            self._agent.kill()
            time.sleep(seconds)
            self._agent.start()

    def _agent_restarted(self, seconds: float) -> None:
        with self._agent_lock:
            self._agent.stop()
            time.sleep(seconds)
            self._agent.start()

    def _agent_paused(self, seconds: float) -> None:
        with self._agent_lock:
            self._agent.pause(paused=True)
            time.sleep(seconds)
            self._agent.pause(paused=False)

    def _broker_killed(self, seconds: float) -> None:
        with self._broker_lock:
            self._broker.end(signal.SIGKILL)
            self._proxy.close()
            self._witness.online.clear()
            self._publisher.forgotten()
            self._broker_back(seconds)

    def _broker_restarted(self, seconds: float) -> None:
        with self._broker_lock:
            self._broker.end()
            self._proxy.close()
            self._broker_back(seconds)

    def _broker_back(self, seconds: float) -> None:
        """Connect the witness before the agent's way is open: what is published earlier would go unseen."""
        time.sleep(seconds)
        self._broker.start()
        self._witness.connect(self._broker.port)
        self._proxy.open()

    def _connection_stalled(self, seconds: float) -> None:
        with self._broker_lock:
            self._proxy.hold()
            time.sleep(seconds)
            self._proxy.cut()
            self._proxy.release()

    def _disk_full(self, seconds: float) -> None:
        with self._disk_lock:
            self._disk.fill(self._agent.pid)
            time.sleep(seconds)
            self._disk.empty(self._agent.pid)

    def _journal_locked(self, seconds: float) -> None:
        with self._disk_lock, self._disk.locked():
            time.sleep(seconds)

    def _killed_on_full_disk(self, seconds: float) -> None:
        """Fill the disk: what the agent cannot store it must not acknowledge."""
        with self._disk_lock, self._agent_lock:
            self._disk.fill(self._agent.pid)
            time.sleep(seconds)
            self._agent.kill()
            self._agent.start()
            time.sleep(seconds)
            self._disk.empty(self._agent.pid)
