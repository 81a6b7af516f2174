"""Saboteur: causes faults of the agent, its broker, its network, its disk and its clock."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from rig import damage
from rig.agent import Agent
from rig.broker import Broker
from rig.disk import SmallDisk
from rig.faults import Fault, FaultKind
from rig.proxy import Proxy
from rig.publisher import Publisher
from rig.witness import BASE, Witness

_BACKLOG_SHARE, _LARGEST_BACKLOG = 0.4, 12_000  # messages that wait: more than the readings that the journal keeps
_DRAINED = 0.8  # share of them that has been scored when the broker is killed
_DRAIN_PATIENCE = 60.0  # [s]
_SWALLOWED = 0.5  # [s] at least, so that readings are scored meanwhile
_ASKING = 10.0  # [s] for the broker to take a burst
_BEFORE = 1.0  # [s]
_NOTICED = 3.0  # [s] from damage under a running agent until it is killed: time to notice
_MEANWHILE = 25  # messages that are sent meanwhile
_REQUESTS = 200
_BURST: tuple[tuple[str, dict[str, object]], ...] = (
    ("synthesize", {"n": 20}), ("nonsense", {}), ("synthesize", {"n": -1}), ("info", {})
)  # fmt: skip
_LIMITS = ("max_packet_size 20000", "max_inflight_messages 5")
_AT_ONCE = 8


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
        self._rng = random.Random(1)  # which page is damaged
        self.asked = 0  # requests
        self.damages: list[str] = []
        self.damaged_at: int | None = None  # scores received before the first file was damaged
        self._agent_lock, self._broker_lock, self._disk_lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._request_lock = threading.Lock()
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
            "upstream swallowed": self._upstream_swallowed,
            "upstream swallowed, agent killed": self._killed_while_swallowed,
            "burst of requests": self._burst,
            "broker limited": self._broker_limited,
            "backlog, broker killed": self._backlog,
            "journal page damaged": self._page_damaged,
            "journal log removed": lambda _: self._damaged_while_running(damage.remove_log),
            "journal cut": lambda _: self._damaged_while_running(damage.truncate_journal),
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
            self._publisher.pause()
            self._broker.end(signal.SIGKILL)
            self._proxy.close()
            self._broker_back(seconds, forgotten=True)

    def _broker_restarted(self, seconds: float) -> None:
        with self._broker_lock:
            self._broker.end()
            self._proxy.close()
            self._broker_back(seconds)

    def _broker_back(self, seconds: float, *, forgotten: bool = False) -> None:
        """Connect the witness before the agent's way is open: what is published earlier would go unseen."""
        time.sleep(seconds)
        self._broker.start()
        self._witness.connect(self._broker.port)
        if forgotten:
            # Not earlier: the witness may have read until now that the agent was online before.
            self._witness.online.clear()
            self._publisher.forgotten()
        self._proxy.open()

    def _connection_stalled(self, seconds: float) -> None:
        with self._broker_lock:
            self._proxy.hold()
            time.sleep(seconds)
            self._proxy.cut()
            self._proxy.release()

    def _disk_full(self, seconds: float) -> None:
        with self._disk_lock:
            with self._agent_lock:  # SQLite in this process must not be the last to close the journal
                self._disk.fill(self._agent.pid)
            time.sleep(seconds)
            self._disk.empty(self._agent.pid)

    def _journal_locked(self, seconds: float) -> None:
        with self._disk_lock, self._agent_lock, self._disk.locked(self._agent.pid):
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

    def _upstream_swallowed(self, seconds: float) -> None:
        """Drop what the agent sends, although the connection looks sound to it."""
        with self._broker_lock:
            self._proxy.swallow()
            time.sleep(seconds)
            self._proxy.cut()

    def _killed_while_swallowed(self, seconds: float) -> None:
        """Kill the agent when scores are committed, and none has arrived: only the next one can publish them."""
        with self._agent_lock, self._broker_lock:
            self._proxy.swallow()
            time.sleep(_SWALLOWED + seconds)
            self._agent.kill()
            self._proxy.cut()
            self._agent.start()

    def _burst(self, _: float) -> None:
        """Ask for more than the broker takes at a time, of all kinds and beside readings."""
        with self._request_lock:
            self._ask([_BURST[number % len(_BURST)] for number in range(_REQUESTS)])

    def _broker_limited(self, seconds: float) -> None:
        """Let the broker take small packets and few at a time, and ask for a large answer."""
        with self._broker_lock, self._request_lock:
            self._broker.end()
            self._broker.limit(*_LIMITS)
            self._proxy.close()
            self._broker_back(0.0)
            self._witness.online.wait(_DRAIN_PATIENCE)
            self._ask([("synthesize", {"n": 500})])
            time.sleep(1.0 + seconds)
            self._broker.end()
            self._broker.limit()
            self._proxy.close()
            self._broker_back(0.0)

    def _ask(self, requests: Sequence[tuple[str, dict[str, object]]]) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        taken: list[int] = []
        client.on_publish = lambda _client, _data, mid, *_: taken.append(mid)
        client.max_inflight_messages_set(len(requests))
        try:
            client.connect("127.0.0.1", self._broker.port)
        except OSError:
            return  # the broker is being killed: nobody can ask
        client.loop_start()
        for verb, body in requests:
            self.asked += 1
            text = json.dumps(body | {"transaction": self.asked})
            client.publish(f"{BASE}/request/{verb}", text, qos=1)
        deadline = time.monotonic() + _ASKING
        while len(taken) < len(requests) and time.monotonic() < deadline:
            time.sleep(0.02)
        client.disconnect()
        client.loop_stop()

    def _backlog(self, seconds: float) -> None:
        """Let more readings wait than the journal keeps, and kill the broker, which forgets what was taken of them."""
        with self._agent_lock, self._broker_lock:
            self._agent.stop()
            publisher, seen = self._publisher, self._witness.seen
            target = publisher.cursor + min(_LARGEST_BACKLOG, int(_BACKLOG_SHARE * len(seen)))
            publisher.allow(target)
            publisher.hurry(hurries=True)
            _wait(lambda: publisher.reached(target), _DRAIN_PATIENCE)
            publisher.hurry(hurries=False)
            self._broker.save()
            time.sleep(1.0)
            waiting = target - sum(seen)
            self._agent.start()
            _wait(lambda: target - sum(seen) < (1 - _DRAINED) * waiting, _DRAIN_PATIENCE)
            publisher.pause()
            self._broker.end(signal.SIGKILL)
            self._proxy.close()
            self._broker_back(seconds, forgotten=True)

    def _page_damaged(self, _: float) -> None:
        with self._disk_lock, self._agent_lock:
            self._note_damage()
            self._agent.stop()
            self.damages.append(damage.overwrite_page(self._disk.journal, self._rng, "readings"))
            self._start_again()

    def _damaged_while_running(self, harm: Callable[[Path], str]) -> None:
        with self._disk_lock, self._agent_lock:
            self._witness.online.wait(_DRAIN_PATIENCE)
            self._publisher.allow(self._publisher.cursor + _MEANWHILE)
            time.sleep(_BEFORE)  # a running agent has committed since its start
            self._note_damage()
            self._publisher.allow(self._publisher.cursor + _MEANWHILE)
            self.damages.append(harm(self._disk.journal))
            time.sleep(_NOTICED)
            self._agent.kill()
            self._start_again()

    def _start_again(self) -> None:
        """Start the agent, and wait until it is online: on a disk that is full it could not begin a fresh journal."""
        self._witness.online.clear()
        self._agent.start()
        self._witness.online.wait(_DRAIN_PATIENCE)

    def _note_damage(self) -> None:
        if self.damaged_at is None:
            self.damaged_at = len(self._witness.scores)


def _wait(condition: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
