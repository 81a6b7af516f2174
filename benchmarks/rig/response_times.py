"""Measures the time from a reading's publication to its score and its event."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rig.bench import Bench, settled_cpu
from rig.load import Load
from rig.process import cpu_seconds, pin

RATE = 200
"""Readings a second."""

_STATIONS = 4
_WINDOW = 1000  # readings; the window with the lowest CPU time counts, because other work on the machine only adds


def latency(bench: Bench, journal: Path, seconds: float) -> dict[str, Any]:
    """Measure the time from publication to score and to event, and the CPU time of a reading [ms], at ``RATE``."""
    load = Load(int(RATE * seconds), _STATIONS, seed=1, leak_every=100, disturbed=False)
    fsyncs = _fsync_seconds(journal)
    sent: dict[tuple[str, str], float] = {}
    base = f"latency{journal.name}"
    agent = bench.agent(base, journal=journal)
    with bench.running(agent, base) as pid, bench.listening(f"davylamp/{base}/#", keeps=True) as listener:
        pin(pid, 0)
        cpu = [settled_cpu(pid)]
        for number, message in zip(paced(len(load.messages)), load.messages, strict=True):
            packet = bench.publisher.packet(f"{base}/{message.station}/readings", message.payload)
            if message.seq is not None:
                sent[message.station, msgspec.json.decode(message.payload)["ts"]] = time.perf_counter()
            bench.publisher.send(packet)
            if number % _WINDOW == 0:
                cpu.append(cpu_seconds(pid))
        time.sleep(1.0)
    fsyncs += _fsync_seconds(journal)
    times: dict[str, list[float]] = {"score": [], "event": []}
    for arrival in listener.arrivals:
        kind = arrival.topic.rpartition("/")[2]
        if kind in times:
            body = msgspec.json.decode(arrival.payload)
            if kind == "score" or body["event_type"] == "open":
                times[kind].append(arrival.at - sent[body["station"], body["ts"]])
    return {
        "fsync_ms": _milliseconds(fsyncs, 50, 99),
        "cpu_ms": round(1e3 * float(np.diff(cpu).min()) / _WINDOW, 3),
        "scores": len(times["score"]),
        "score_ms": _milliseconds(times["score"], 50, 99, 99.9),
        "events": len(times["event"]),
        "event_ms": _milliseconds(times["event"], 50, 99, 99.9),
    }


def bare(bench: Bench, seconds: float) -> float:
    """Measure the CPU time [ms] per reading of a bare subscriber at the same pace: the cost of waking up for each."""
    process = bench.script("bare")
    try:
        pin(process.pid, 0)
        cpu = [settled_cpu(process.pid)]
        for number in paced(int(RATE * seconds)):
            topic = f"bare/st-{number % _STATIONS}/readings"
            bench.publisher.send(bench.publisher.packet(topic, bench.payload(number)))
            if number % _WINDOW == 0:
                cpu.append(cpu_seconds(process.pid))
    finally:
        process.kill()
        process.wait()
    return round(1e3 * float(np.diff(cpu).min()) / _WINDOW, 3)


def paced(count: int) -> Iterator[int]:
    """Yield 1 to ``count`` at ``RATE``."""
    due = time.perf_counter()
    for number in range(1, count + 1):
        due += 1 / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        yield number


def _milliseconds(seconds: list[float], *percentiles: float) -> dict[str, float]:
    """Percentiles in milliseconds, by name."""
    return {f"p{q:g}": round(1e3 * float(np.percentile(seconds, q)), 2) for q in percentiles}


def _fsync_seconds(folder: Path) -> list[float]:
    """Time a hundred appends of one page to a file, each with its fsync [s]."""
    times = []
    with (folder / "fsync").open("ab", buffering=0) as file:
        for _ in range(100):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return times
