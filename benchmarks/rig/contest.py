"""Measures the cost of one reading at full load: the agent beside a bare subscriber and a first script."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rig.bench import Bench, settled_cpu, wait
from rig.process import pin

_STATIONS = 10
_NAIVE_SHARE = 0.3  # of a round's readings: it takes that much longer


class Contender:
    """A process that answers every reading, and its topics."""

    def __init__(self, name: str, process: Callable[[], int], base: str, answers: str, share: float = 1.0) -> None:
        self.name, self.base, self.answers, self.share = name, base, answers, share
        self.pid = process()
        self.seq = 0
        self.cpu_us: list[float] = []
        self.per_second: list[float] = []


def contest(bench: Bench, rounds: int, size: int) -> list[dict[str, Any]]:
    """Measure CPU time [us] and readings a second of all contenders, which take turns."""
    processes: list[subprocess.Popen[bytes]] = []
    agents = [bench.agent("every1"), bench.agent("every10", every=10)]

    def script(name: str) -> Callable[[], int]:
        def start() -> int:
            processes.append(bench.script(name))
            return processes[-1].pid

        return start

    contenders = [
        Contender("a bare paho subscriber", script("bare"), "bare", "bare/out"),
        Contender("a first script", script("naive"), "naive", "naive/out", _NAIVE_SHARE),
        Contender("davylamp", lambda: bench.start(agents[0], "every1"), "every1", "davylamp/every1/+/score"),
        Contender(
            "davylamp, every 10th score",
            lambda: bench.start(agents[1], "every10"),
            "every10",
            "davylamp/every10/+/score",
        ),
    ]
    try:
        for contender in contenders:
            pin(contender.pid, 0)
        for number in range(rounds + 1):
            for contender in contenders:
                _play(bench, contender, round(size * contender.share) // 100 * 100, warming_up=number == 0)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for agent in agents:
            agent.stop()
    bare = min(contenders[0].cpu_us)
    return [
        {
            "contender": one.name,
            "cpu_us": round(min(one.cpu_us), 1),
            "cpu_us_median": round(float(np.median(one.cpu_us)), 1),
            "times_bare": round(min(one.cpu_us) / bare, 2),
            "per_second": round(max(one.per_second)),
        }
        for one in contenders
    ]


def _play(bench: Bench, contender: Contender, size: int, *, warming_up: bool) -> None:
    """Send one round of readings to one contender at once, and measure its CPU time and duration."""
    names = [f"st-{number}" for number in range(_STATIONS)]
    packets = []
    for i in range(size):
        topic = f"{contender.base}/{names[i % _STATIONS]}/readings"
        packets.append(bench.publisher.packet(topic, bench.payload(contender.seq + i // _STATIONS)))
    contender.seq += size // _STATIONS
    last = f'"seq":{contender.seq - 1},'.encode()
    with bench.listening(contender.answers) as listener:

        def answered() -> bool:
            if "+" in contender.answers:
                return sum(last in tally.newest for tally in listener.tallies.values()) == _STATIONS
            return sum(tally.count for tally in listener.tallies.values()) >= size

        before = settled_cpu(contender.pid)
        begun = time.perf_counter()
        bench.publisher.blast(packets)
        wait(answered)
        seconds = time.perf_counter() - begun
        cpu = settled_cpu(contender.pid) - before
    if not warming_up:
        contender.cpu_us.append(1e6 * cpu / size)
        contender.per_second.append(size / seconds)
