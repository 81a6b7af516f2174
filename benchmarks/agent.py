"""The agent's CPU time beside a bare subscriber and a first script, its response times and its memory.

Full load: the whole agent (MQTT 5 at QoS 1, journal, scorer, alarms) beside two peers in the same run, each on the same
core and with the same readings: a bare paho subscriber at QoS 1 that publishes one fixed QoS 0 message per reading,
which is the upper limit of this library; and a first script (json, torch, one reading at a time, automatic
acknowledgements). The contenders take turns, and the lowest of all rounds counts, because other work on the machine
only adds. Broker, stations and listener have the other core; the broker has the shipped settings except persistence.
CPU time is counted by the kernel.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rig.bench import Bench, settled_cpu, wait
from rig.broker import MISSING, mosquitto
from rig.bundle import quick_bundle
from rig.contest import contest
from rig.disk_arguments import disk_arguments
from rig.process import cpu_seconds, peak_mib, pin
from rig.raw import RawListener
from rig.response_times import RATE, bare, latency

ROUNDS, ROUND = 7, 10_000  # readings per round and contender
LATENCY_S, IDLE_S = 60.0, 20.0
QUICK_LATENCY_S, QUICK_IDLE_S = 8.0, 2.0
FULL = 2000  # readings after which a station's memory grows no more
STARTS = 5
AT_ONCE = 4  # readings in one message, to fill it

Report = dict[str, Any]


def _have_score(listener: RawListener, seq: bytes, stations: int) -> bool:
    """Whether the newest score of each station contains ``seq``."""
    return sum(seq in tally.newest for tally in listener.tallies.values()) == stations


def memory(bench: Bench, stations: int, readings: int, starts: int) -> Report:
    """Measure peak memory after ``readings`` of each station, and how long a restart with them takes."""
    base = f"memory{stations}"
    agent = bench.agent(base, every=AT_ONCE)
    with bench.running(agent, base) as pid, bench.listening(f"davylamp/{base}/+/score") as listener:
        for seq in range(0, readings, AT_ONCE):  # in portions: a broker drops what it cannot queue
            array = b"[" + b",".join(bench.payload(seq + i) for i in range(AT_ONCE)) + b"]"
            topics = (f"{base}/st-{number}/readings" for number in range(stations))
            bench.publisher.blast([bench.publisher.packet(topic, array) for topic in topics])
            newest = f'"seq":{seq + AT_ONCE - 1},'.encode()
            wait(partial(_have_score, listener, newest, stations), agent.log)
        peak = peak_mib(pid)
    seconds, again = [], 0.0
    for _ in range(starts):
        begun = time.perf_counter()
        with bench.running(agent, base) as pid:
            seconds.append(time.perf_counter() - begun)
            again = max(again, peak_mib(pid))
    return {
        "stations": stations,
        "readings_each": readings,
        "peak_mib": round(peak, 1),
        "peak_mib_after_a_start": round(again, 1),
        "online_s": round(float(np.median(seconds)), 2),
    }


def idle(bench: Bench, seconds: float) -> float:
    """Measure the CPU time of an idle agent [% of a core]."""
    with bench.running(bench.agent("idle"), "idle") as pid:
        before, begun = settled_cpu(pid), time.perf_counter()
        time.sleep(seconds)
        return round(100 * (cpu_seconds(pid) - before) / (time.perf_counter() - begun), 2)


def measure(bundle: Path, disk: Path, *, quick: bool) -> Report:
    ram = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=ram))
    slow = Path(tempfile.mkdtemp(prefix="davylamp-", dir=disk))
    bench = Bench(folder, bundle)
    try:
        if len(os.sched_getaffinity(0)) > 1:
            for pid in (os.getpid(), bench.broker.pid):
                pin(pid, 1)
        return {
            "benchmark": "agent",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": {name: version(name) for name in ("paho-mqtt", "onnxruntime", "numpy")},
            "quick": quick,
            "results": contest(bench, 1 if quick else ROUNDS, 2000 if quick else ROUND),
            "bare_cpu_ms": bare(bench, QUICK_LATENCY_S if quick else LATENCY_S),
            "latency": {
                "tmpfs": latency(bench, folder, QUICK_LATENCY_S if quick else LATENCY_S),
                "disk": latency(bench, slow, QUICK_LATENCY_S if quick else LATENCY_S),
            },
            "memory": [
                memory(bench, stations, readings, 2 if quick else STARTS)
                for stations, readings in ([(1, 200), (20, 50)] if quick else [(1, FULL), (100, FULL), (500, FULL)])
            ],
            "idle_percent": idle(bench, QUICK_IDLE_S if quick else IDLE_S),
        }
    finally:
        bench.end()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(slow, ignore_errors=True)


def verdicts(report: Report) -> list[tuple[str, float, str, float, bool]]:
    """Compare every figure with its goal: name, value, relation, goal, whether it is met."""
    _, _, ours, tenth = report["results"]
    rows = [
        ("CPU at full load, times bare", ours["times_bare"], "<=", 1.6),
        ("with every 10th score, times bare", tenth["times_bare"], "<=", 1.2),
        ("readings a second on one core", ours["per_second"], ">=", 8000.0),
    ]
    one = report["latency"]["tmpfs"]
    rows += [
        (f"CPU at {RATE}/s, bare: {report['bare_cpu_ms']:.2f} [ms]", one["cpu_ms"], "<=", 1.0),
        ("publish to event p50, journal on tmpfs [ms]", one["event_ms"]["p50"], "<=", 3.0),
        ("publish to event p99, journal on tmpfs [ms]", one["event_ms"]["p99"], "<=", 15.0),
    ]
    first, *_, last = report["memory"]
    for one, goal in ((first, 85.0), (last, 120.0)):
        rows.append((f"VmHWM, stations: {one['stations']} [MiB]", one["peak_mib"], "<=", goal))
        rows.append((f"start to online, stations: {one['stations']} [s]", one["online_s"], "<=", 1.0))
    rows.append(("idle CPU [% of a core]", report["idle_percent"], "<=", 1.0))
    return [(*row, row[1] <= row[3] if row[2] == "<=" else row[1] >= row[3]) for row in rows]


def show(report: Report) -> None:
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    print(f"The agent on {report['machine']}; {versions}{'; --quick: no verdict' if report['quick'] else ''}\n")
    print(f"{'full load, per reading':<36}{'CPU us':>9}{'median':>9}{'x bare':>9}{'per s':>9}")
    for one in report["results"]:
        print(
            f"{one['contender']:<36}{one['cpu_us']:>9.1f}{one['cpu_us_median']:>9.1f}{one['times_bare']:>9.2f}"
            f"{one['per_second']:>9,}"
        )
    print(f"\n{f'{RATE} readings a second, ms':<36}{'p50':>9}{'p99':>9}{'p99.9':>9}")
    for place, one in report["latency"].items():
        for what in ("fsync", "score", "event"):
            cells = "".join(f"{one[f'{what}_ms'].get(q, ''):>9}" for q in ("p50", "p99", "p99.9"))
            count = f" ({one[f'{what}s']})" if f"{what}s" in one else ""
            print(f"journal on {place}: {what + count:<{23 - len(place)}}{cells}")
    print(f"\n{'stations':<36}{'VmHWM':>9}{'again':>9}{'online':>9}   MiB, MiB after a start, s")
    for one in report["memory"]:
        name = f"{one['stations']} with {one['readings_each']} readings each"
        print(f"{name:<36}{one['peak_mib']:>9.1f}{one['peak_mib_after_a_start']:>9.1f}{one['online_s']:>9.2f}")
    print()
    for name, found, relation, goal, met in verdicts(report):
        print(f"{name:<44}{found:>9,.2f}{relation:>4}{goal:>9,g}  {'met' if met else 'MISSED'}")


def main() -> int:
    arguments = disk_arguments(__doc__, "one short round of everything")
    if mosquitto() is None:
        report: Report = {"benchmark": "agent", "skipped": MISSING}
        print(f"skipped: {MISSING}")
    else:
        report = measure(arguments.bundle or quick_bundle(), arguments.disk, quick=arguments.quick)
        show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if arguments.quick or "skipped" in report or all(met for *_, met in verdicts(report)) else 1


if __name__ == "__main__":
    sys.exit(main())
