"""Bundles that are pushed to a running agent: readings lost, gaps, the cost of a shadow, and kill -9 in between.

One agent of its own process gets 200 readings a second of one station. Activations: each time another bundle is pushed
through a broker that takes packets of 20 kB, is verified, scores in shadow, and becomes active; every score is counted,
and the longest time between two of them is put beside that of as long a time without a push, because other work on the
machine disturbs both. Cost: CPU time per reading, counted by the kernel, before, during and after a shadow; the lowest
of all rounds counts. Memory: resident, after the last activation and before the first push. Kills: the agent is killed
(SIGKILL) at a random moment between a push and its activation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rig.bench import Bench, settled_cpu, wait
from rig.broker import MISSING, Broker, mosquitto
from rig.bundle import quick_bundle
from rig.process import resident_mib
from rig.pushing import KEY, PATIENCE, SteadyStation, Variants, pushing
from rig.raw import RawListener, RawPublisher

from edge.errors import BrokerError
from edge.mqtt.topics import Topics
from edge.rollout.push_session import PushSession

RATE = 200  # readings a second
ACTIVATIONS, KILLS, ROUNDS, ROUND = 50, 20, 5, 4000
QUICK_ACTIVATIONS, QUICK_KILLS, QUICK_ROUNDS, QUICK_ROUND = 2, 1, 1, 300
SHADOW = 20  # readings in shadow of each activation
PACKET = 20_000  # [B] that the broker takes
_BASE, _STATION = "rollout", "st-1"
_AGENT, _READINGS = f"davylamp/{_BASE}", f"{_BASE}/{_STATION}/readings"

Report = dict[str, Any]


def _until_active(session: PushSession) -> None:
    deadline = time.monotonic() + PATIENCE
    while (models := session.status(_STATION)) is not None and models["active"]["sha256"] != session.sha256:
        if time.monotonic() > deadline or (models["waiting"] is None and models["last"]["outcome"] == "refused"):
            raise SystemExit(f"the bundle did not become active: {models['last']}")
        session.wait(0.05)


def _came(listener: RawListener, newest: bytes) -> bool:
    """Return whether the latest score has these bytes."""
    return any(newest in each.newest for each in listener.tallies.values())


def _longest_gap(listener: RawListener, begun: float, ended: float) -> float:
    """Return the longest time between two scores [ms]."""
    times = [each.at for each in listener.arrivals if each.topic.endswith("/score") and begun <= each.at <= ended]
    return round(1000 * float(np.diff(times).max()), 1)


def activations(bench: Bench, port: int, variants: Variants, count: int) -> Report:
    """Measure what activations cost the scores."""
    with bench.listening(f"{_AGENT}/+/score", keeps=True) as listener, pushing(port, _AGENT) as session_of:
        station = SteadyStation(bench, port, _READINGS, first=10_000, rate=RATE)
        station.start()
        first = station.sent + 1
        time.sleep(1.0)
        pushed, spans, begun = [], [], time.perf_counter()
        for _ in range(count):
            session = session_of(variants.next())
            started = time.perf_counter()
            session.push(_STATION, shadow=SHADOW)
            pushed.append(time.perf_counter() - started)
            _until_active(session)
            spans.append((started, time.perf_counter()))
        ended = time.perf_counter()
        gaps = [_longest_gap(listener, *span) for span in spans]
        time.sleep(max(2.0, ended - begun))
        quiet = _longest_gap(listener, ended + 0.5, time.perf_counter())
        station.end()
        last = station.sent
        newest = f'"seq":{last},'.encode()
        wait(partial(_came, listener, newest))
        bodies = [msgspec.json.decode(each.payload) for each in listener.arrivals]
    seqs = [body["seq"] for body in bodies if body["seq"] >= first]
    numbers = [body["n"] for body in bodies]
    return {
        "activations": count,
        "readings": last - first + 1,
        "lost": last - first + 1 - len(set(seqs)),
        "doubled": len(seqs) - len(set(seqs)) + len(numbers) - len(set(numbers)),
        "bundles": len({body["bundle"] for body in bodies}) - 1,
        "gap_ms": max(gaps),
        "median_gap_ms": round(float(np.median(gaps)), 1),
        "quiet_gap_ms": quiet,
        "push_s": round(float(np.median(pushed)), 2),
        "longest_push_s": round(max(pushed), 2),
    }


def cost(bench: Bench, port: int, pid: int, variants: Variants, *, rounds: int, size: int) -> Report:
    """Measure the CPU time of a reading before, in and after a shadow [us]."""
    found: dict[str, list[float]] = {"before": [], "shadow": [], "after": []}
    seq = 1_000_000
    publisher = RawPublisher(port)
    topics = Topics(_AGENT)
    with bench.listening(f"{_AGENT}/+/score") as listener, pushing(port, _AGENT) as session_of:
        for _ in range(rounds):
            for phase, measured in found.items():
                if phase == "shadow":
                    session_of(variants.next()).push(_STATION, shadow=1_000_000)
                elif phase == "after":
                    publisher.send(publisher.packet(topics.request("model/rollback"), b"{}"))
                before = settled_cpu(pid)
                payloads = [bench.payload(seq + i) for i in range(size)]
                seq += size
                publisher.blast([publisher.packet(_READINGS, each) for each in payloads])
                newest = f'"seq":{seq - 1},'.encode()
                wait(partial(_came, listener, newest))
                measured.append(1e6 * (settled_cpu(pid) - before) / size)
    publisher.close()
    lowest = {phase: min(each) for phase, each in found.items()}
    return {
        **{f"{phase}_us": round(each, 1) for phase, each in lowest.items()},
        "shadow_times": round(lowest["shadow"] / lowest["before"], 2),
        "after_times": round(lowest["after"] / lowest["before"], 2),
    }


def kills(bench: Bench, port: int, agent: Any, variants: Variants, count: int) -> Report:
    """Kill the agent while bundles come; returns how often the old one and the new one ran afterwards."""
    chance, seen = random.Random(7), {"old": 0, "new": 0}
    topic = f"{_AGENT}/{_STATION}/score"
    with bench.listening(topic, keeps=True) as listener:
        station = SteadyStation(bench, port, _READINGS, first=5_000_000, rate=RATE)
        station.start()
        first = station.sent + 1
        for _ in range(count):
            with pushing(port, _AGENT) as session_of:
                session = session_of(variants.next())
                old = _models(session)["active"]["sha256"]
                killer = threading.Timer(chance.uniform(0.05, 1.2), agent.kill)
                killer.start()
                pusher = threading.Thread(target=_push, args=(session,), daemon=True)
                pusher.start()
                killer.join()
                agent.start()
                pusher.join(PATIENCE)
                models = _models(session)
                active = models["active"]["sha256"]
                if active not in (old, session.sha256):
                    raise SystemExit(f"neither the old bundle nor the new one runs: {models}")
                seen["new" if active == session.sha256 else "old"] += 1
                if models["waiting"] is not None or active == session.sha256:
                    _until_active(session)
        station.end()
        newest = f'"seq":{station.sent},'.encode()
        wait(partial(_came, listener, newest), agent.log)
        bodies = [msgspec.json.decode(each.payload) for each in listener.arrivals]
    of_seq: dict[int, set[int]] = {}
    for body in bodies:
        of_seq.setdefault(body["seq"], set()).add(body["n"])
    readings = station.sent - first + 1
    lost = readings - sum(seq >= first for seq in of_seq)
    return {"kills": count, **seen, "lost": lost, "doubled": sum(len(each) > 1 for each in of_seq.values())}


def _models(session: PushSession) -> dict[str, Any]:
    models = session.status(_STATION)
    if models is None:
        raise SystemExit("interrupted")
    return models


def _push(session: PushSession) -> None:
    try:
        session.push(_STATION, shadow=SHADOW)
    except BrokerError as error:
        print(error, file=sys.stderr)


def measure(bundle: Path, *, quick: bool) -> Report:
    ram = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=ram))
    bench = Bench(folder, bundle)
    broker = Broker(folder / "small", "persistence false", f"max_packet_size {PACKET}")
    broker.start()
    variants = Variants(bundle)
    try:
        bench.broker.end()
        bench.broker = broker
        rollout = f"rollout: {{trusted_keys: {{laptop: {KEY.public}}}, watched_readings: 0}}\n"
        agent = bench.agent(_BASE, settings=rollout)
        with bench.running(agent, _BASE) as pid:
            warm = RawPublisher(broker.port)
            with bench.listening(f"{_AGENT}/+/score") as listener:
                for seq in range(2300):
                    warm.send(warm.packet(_READINGS, bench.payload(seq)))
                wait(lambda: any(b'"seq":2299,' in each.newest for each in listener.tallies.values()), agent.log)
            warm.close()
            before = resident_mib(pid)
            results = [activations(bench, broker.port, variants, QUICK_ACTIVATIONS if quick else ACTIVATIONS)]
            grown = round(resident_mib(pid) - before, 1)
            rounds, size = (QUICK_ROUNDS, QUICK_ROUND) if quick else (ROUNDS, ROUND)
            shadow = cost(bench, broker.port, pid, variants, rounds=rounds, size=size)
            killed = kills(bench, broker.port, agent, variants, QUICK_KILLS if quick else KILLS)
        return {
            "benchmark": "rollout",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            "quick": quick,
            "bundle_kb": round(bundle.stat().st_size / 1000),
            "results": results,
            "grown_mib": grown,
            "shadow": shadow,
            "kills": killed,
        }
    finally:
        broker.end()
        shutil.rmtree(folder, ignore_errors=True)


def verdicts(report: Report) -> list[tuple[str, float, float]]:
    """Compare every figure with its goal: name, value, goal; each is met up to the goal."""
    (run,), shadow, killed = report["results"], report["shadow"], report["kills"]
    return [
        (f"lost in {run['readings']:,} readings, {run['activations']} activations", run["lost"], 0),
        ("doubled", run["doubled"], 0),
        (
            f"longest gap [ms]; median {run['median_gap_ms']:g}, without a push {run['quiet_gap_ms']:g}",
            run["gap_ms"],
            100,
        ),
        (f"push of {report['bundle_kb']} kB through packets of {PACKET // 1000} kB [s]", run["longest_push_s"], 10),
        ("memory beyond that before the first push [MiB]", report["grown_mib"], 10),
        (f"CPU in shadow, times {shadow['before_us']:g} us", shadow["shadow_times"], 1.6),
        ("CPU after it, times that before", shadow["after_times"], 1.05),
        (f"lost in {killed['kills']} kills; old {killed['old']}, new {killed['new']}", killed["lost"], 0),
        ("doubled in them", killed["doubled"], 0),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few of everything, for a first look")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="default: a quickly trained one, which is kept")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    if mosquitto() is None:
        report: Report = {"benchmark": "rollout", "skipped": MISSING}
        print(f"skipped: {MISSING}")
    else:
        report = measure(arguments.bundle or quick_bundle(), quick=arguments.quick)
        note = "; --quick: no verdict" if arguments.quick else ""
        print(f"Bundles pushed to a running agent on {report['machine']}{note}\n")
        for name, found, goal in verdicts(report):
            print(f"{name:<64}{found:>9,g} <={goal:>6,g}  {'met' if found <= goal else 'MISSED'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if arguments.quick or "skipped" in report or all(each <= goal for _, each, goal in verdicts(report)) else 1


if __name__ == "__main__":
    sys.exit(main())
