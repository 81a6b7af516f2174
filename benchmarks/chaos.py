"""Counts what is lost, doubled or left open when everything that can fail does fail.

A real Mosquitto with the shipped settings, the real agent in a process of its own, stations that send numbered readings
with leaks and stuck sensors in known places, some of them several in a message, and a witness that receives everything
that davylamp publishes. At random moments under load the agent is killed (-9), the broker killed (-9) or restarted, the
connection cut or stalled, or only what the agent sends is swallowed; the journal's disk filled, the journal locked, the
clock moved, the agent stopped or paused, the broker limited to small packets, hundreds of requests sent at once; a
quarter of the faults begins during the previous one. Once the broker is killed while more readings wait than the
journal keeps, and near the end the journal's files are damaged. Meanwhile the stations' clocks jump back and ahead,
restart, stand still or run wild, stamps are missing and units change, between the leaks. Then everything is counted,
without using the agent's own counters, and every verdict until the first damage is compared with that of an agent that
nothing disturbs. Equal seeds give equal readings and faults; every fifth seed has 50 stations.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rig.bundle import quick_bundle
from rig.chaos_run import PATIENCE, run_chaos
from rig.faults import KINDS, FaultKind, draw
from rig.judge import Line
from rig.load import Load

FAULTS, READINGS = 30, 20_000
LONG_FAULTS, LONG_READINGS = 200, 200_000
STATIONS, MANY_STATIONS = 4, 50
EVERY = 5  # seeds, of which one has many stations
HEAVY = 0.5  # share of the readings that come from the first of a few stations: more wait than the journal keeps


def measure(
    seed: int,
    count: int,
    readings: int,
    *,
    stations: int,
    only: list[FaultKind] | None,
    protocol: str,
    bundle: Path,
    folder: Path,
    patience: float,
) -> dict[str, Any]:
    load = Load(readings, stations, seed, arrays=True, heavy=HEAVY if stations == STATIONS else 0.0)
    faults = draw(count, len(load.messages), seed, only=only)
    begun = time.monotonic()
    outcome = run_chaos(load, faults, protocol, bundle, folder=folder, patience=patience)
    lines: list[Line] = outcome.pop("lines")
    return {
        "benchmark": "chaos",
        "seed": seed,
        "protocol": protocol,
        "faults": dict(Counter(fault.kind for fault in faults)),
        "disturbances": dict(load.disturbances),
        "stations": stations,
        "readings": sum(load.counts.values()),
        "seconds": round(time.monotonic() - begun, 1),
        **outcome,
        "results": [asdict(line) for line in lines],
        "passed": all(line.passed for line in lines),
    }


def show(report: dict[str, Any]) -> None:
    count = sum(report["faults"].values())
    print(
        f"Seed {report['seed']}, MQTT {report['protocol']}: {count} faults, {report['readings']} readings of "
        f"{report['stations']} stations, {report['seconds']:g} s"
    )
    print(", ".join(f"{number} x {kind}" for kind, number in sorted(report["faults"].items())))
    print(
        "at the stations: " + (", ".join(f"{n} x {kind}" for kind, n in sorted(report["disturbances"].items())) or "-")
    )
    print(f"the journal's disk: {report['disk']}; the last recovery took {report['last_recovery_s']:g} s")
    print(
        f"{report['sent']} messages published, {report['scores']} scores received, {report['historical']} of them "
        f"historical, {report['agent_starts']} starts of the agent\n"
    )
    for line in report["results"]:
        print(f"{'PASS' if line['passed'] else 'FAIL'}  {line['claim']:<42}{line['found']}")
    print(f"\n{'PASS' if report['passed'] else 'FAIL'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--faults", type=int, default=FAULTS, help="default: %(default)s")
    parser.add_argument("--readings", type=int, default=READINGS, help="of all stations (default: %(default)s)")
    parser.add_argument("--long", action="store_true", help=f"{LONG_FAULTS} faults, {LONG_READINGS} readings")
    parser.add_argument("--quick", action="store_true", help="each kind of fault once, 2,400 readings")
    parser.add_argument(
        "--stations", type=int, help=f"default: {STATIONS}, and {MANY_STATIONS} with every {EVERY}th seed"
    )
    parser.add_argument("--patience", type=float, default=PATIENCE, help="[s] for a recovery (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=KINDS, help="kinds of faults, instead of all")
    parser.add_argument("--protocol", choices=["5", "3.1.1"], default="5", help="the agent's (default: %(default)s)")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="default: a quickly trained one, which is kept")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    count, readings = arguments.faults, arguments.readings
    if arguments.long:
        count, readings = LONG_FAULTS, LONG_READINGS
    if arguments.quick:
        count, readings = len(KINDS) - 2, 2400  # files are damaged in one way of three
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing stays running or mounted
    bundle = arguments.bundle or quick_bundle()
    folder = Path(tempfile.mkdtemp(prefix="davylamp-chaos-"))
    report = measure(
        arguments.seed,
        count,
        readings,
        stations=arguments.stations or (STATIONS if arguments.seed % EVERY else MANY_STATIONS),
        only=arguments.only,
        protocol=arguments.protocol,
        bundle=bundle,
        folder=folder,
        patience=arguments.patience,
    )
    show(report)
    if report["passed"]:
        shutil.rmtree(folder)
    else:
        print(f"logs, faults and journal: {folder}")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
