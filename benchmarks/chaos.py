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
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rig.agent import Agent
from rig.broker import Broker, free_port
from rig.bundle import quick_bundle
from rig.disk import SmallDisk
from rig.faults import KINDS, Fault, FaultKind, Saboteur, draw
from rig.judge import (
    Line,
    judge_dead_letters,
    judge_events,
    judge_journal,
    judge_process,
    judge_recoveries,
    judge_requests,
    judge_scores,
    judge_verdicts,
)
from rig.load import Load
from rig.proxy import Proxy
from rig.publisher import Publisher
from rig.undisturbed import read_facts, score_undisturbed
from rig.witness import BASE, Witness, retained

FAULTS, READINGS = 30, 20_000
LONG_FAULTS, LONG_READINGS = 200, 200_000
STATIONS, MANY_STATIONS = 4, 50
EVERY = 5  # seeds, of which one has many stations
HEAVY = 0.5  # share of the readings that come from the first of a few stations: more wait than the journal keeps
RATE = 400.0  # readings a second
DISK_MIB = 24
KEPT = 2000  # readings per station in the journal
ALMOST = 50  # messages that may still lack a score when davylamp counts as recovered
PATIENCE = 90.0  # [s] for a recovery: the agent's longest delay between two attempts is 60
LULL = 20.0  # [s] at most between two faults: while connections do not last, the delays between attempts grow
AT_REST = 2.0  # [s] without a message


def settings(port: int, protocol: str, bundle: Path, journal: Path) -> str:
    """Write the agent's gateway.yaml."""
    return (
        f"gateway: chaos\nbroker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\n"
        f"topics: {{base: {BASE}}}\n"
        "synthesis: {per_minute: 10000}\n"
        f"stations: [{{bundle: {bundle.resolve()}, cadence: 1, stale_after: 600}}]\n"
        f"journal: {{path: {journal}, readings_per_station: {KEPT}, max_mb: {2 * DISK_MIB}}}\n"
    )


def wait(condition: Callable[[], bool], patience: float) -> bool:
    """Wait for a condition; return whether it came true."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def rest(witness: Witness) -> None:
    """Wait until the agent publishes nothing more."""
    last = -1
    while (count := len(witness.notices) + len(witness.scores)) != last:
        last = count
        time.sleep(AT_REST)


def run_chaos(
    load: Load, faults: list[Fault], protocol: str, bundle: Path, *, folder: Path, patience: float
) -> dict[str, Any]:
    """Let the stations send and the faults happen; return the verdict and the counts."""
    broker, disk = Broker(folder / "broker"), SmallDisk(folder / "disk", DISK_MIB)
    proxy = Proxy(free_port(), broker.port)
    witness = Witness(load)
    agent = Agent(folder / "agent", settings(proxy.port, protocol, bundle, disk.journal), jumps=True)
    publisher = Publisher(load, broker.port, RATE, witness.seen, lambda: witness.online.wait(PATIENCE))
    saboteur = Saboteur(agent, broker=broker, proxy=proxy, disk=disk, publisher=publisher, witness=witness)
    slow: list[str] = []

    def expect(condition: Callable[[], bool], when: str) -> None:
        """Wait for a recovery; after one that did not come, wait no more."""
        if not slow and not wait(condition, patience):
            slow.append(when)

    def recovered() -> bool:
        return proxy.connected and sum(witness.seen) >= publisher.cursor - ALMOST

    try:
        broker.start()
        witness.connect(broker.port)
        proxy.open()
        agent.start()
        if not wait(witness.online.is_set, 30):
            raise SystemExit(f"the agent did not come online:\n{agent.log.read_text(errors='replace')}")
        publisher.start()
        for fault in faults:
            publisher.allow(fault.message)
            expect(partial(publisher.reached, fault.message), f"before {fault}")
            if fault.waits:
                saboteur.wait()
                wait(recovered, LULL)
            with (folder / "faults.log").open("a") as file:
                file.write(f"{datetime.now(UTC):%H:%M:%S.%f} {fault}\n")
            saboteur.begin(fault)
            if fault.alone:
                saboteur.wait()
        publisher.allow(len(load.messages))
        saboteur.wait()
        begun = time.monotonic()
        expect(lambda: publisher.done and all(witness.seen) and witness.online.is_set(), "in the end")
        last_recovery = time.monotonic() - begun
        rest(witness)
        agent.stop()
        kept = retained(broker.port)
    finally:
        saboteur.end()
        publisher.stop()
        agent.kill()
        witness.close()
        proxy.end()
        broker.end()
        shutil.copytree(disk.folder, folder / "journal")
        disk.end()
    return {
        "lines": judge(
            load,
            witness,
            saboteur,
            agent,
            slow=slow,
            patience=patience,
            gateway=settings(1, protocol, bundle, disk.journal),
            bundle=bundle,
            kept=kept,
        ),
        "disk": disk.kind,
        "last_recovery_s": round(last_recovery, 1),
        "sent": publisher.sent,
        "scores": len(witness.scores),
        "historical": sum(score.historical for score in witness.scores),
        "agent_starts": agent.starts,
        "damages": saboteur.damages,
    }


def judge(
    load: Load,
    witness: Witness,
    saboteur: Saboteur,
    agent: Agent,
    *,
    slow: list[str],
    patience: float,
    gateway: str,
    bundle: Path,
    kept: dict[str, Any],
) -> list[Line]:
    """Judge what was received, retained and journalled, beside an undisturbed run of the same readings."""
    folder = agent.log.parent.parent
    damaged = saboteur.damaged_at is not None
    facts = read_facts(folder / "agent" / "facts")
    undisturbed = score_undisturbed(load, facts, gateway, bundle)
    until = {score.station: score.seq for score in witness.scores[: saboteur.damaged_at] if score.seq is not None}
    return [
        *judge_scores(load, witness.scores, damaged=damaged),
        judge_verdicts(witness.scores, undisturbed, before=saboteur.damaged_at),
        judge_journal(load, folder / "journal" / "journal.db", witness.scores, damaged=damaged),
        judge_dead_letters(load, witness.seen),
        judge_requests(saboteur.asked, witness.notices),
        *judge_events(load, witness.notices, kept, until=until if damaged else None),
        judge_recoveries(slow, patience),
        *judge_process(agent.exits, agent.deaths, agent.log.read_text(errors="replace"), kept),
    ]


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
