"""Lets stations send while faults happen, and judges what was received."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rig.agent import Agent
from rig.broker import Broker, free_port
from rig.disk import SmallDisk
from rig.faults import Fault
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
from rig.saboteur import Saboteur
from rig.undisturbed import read_facts, score_undisturbed
from rig.witness import BASE, Witness, retained

PATIENCE = 90.0
"""Time for a recovery [s]: the agent's longest delay between two attempts is 60."""

_RATE = 400.0  # readings a second
_DISK_MIB = 24
_KEPT = 2000  # readings per station in the journal
_ALMOST = 50  # messages that may still lack a score when davylamp counts as recovered
_LULL = 20.0  # [s] at most between two faults: while connections do not last, the delays between attempts grow
_AT_REST = 2.0  # [s] without a message


def _settings(port: int, protocol: str, bundle: Path, journal: Path) -> str:
    """Write the agent's gateway.yaml."""
    return (
        f"gateway: chaos\nbroker: {{host: 127.0.0.1, port: {port}, protocol: {protocol}}}\n"
        f"topics: {{base: {BASE}}}\n"
        "synthesis: {per_minute: 10000}\n"
        f"stations: [{{bundle: {bundle.resolve()}, cadence: 1, stale_after: 600}}]\n"
        f"journal: {{path: {journal}, readings_per_station: {_KEPT}, max_mb: {2 * _DISK_MIB}}}\n"
    )


def _wait(condition: Callable[[], bool], patience: float) -> bool:
    """Wait for a condition; return whether it came true."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _rest(witness: Witness) -> None:
    """Wait until the agent publishes nothing more."""
    last = -1
    while (count := len(witness.notices) + len(witness.scores)) != last:
        last = count
        time.sleep(_AT_REST)


def run_chaos(
    load: Load, faults: list[Fault], protocol: str, bundle: Path, *, folder: Path, patience: float
) -> dict[str, Any]:
    """Let the stations send and the faults happen; return the verdict and the counts."""
    broker, disk = Broker(folder / "broker"), SmallDisk(folder / "disk", _DISK_MIB)
    proxy = Proxy(free_port(), broker.port)
    witness = Witness(load)
    agent = Agent(folder / "agent", _settings(proxy.port, protocol, bundle, disk.journal), jumps=True)
    publisher = Publisher(load, broker.port, _RATE, witness.seen, lambda: witness.online.wait(PATIENCE))
    saboteur = Saboteur(agent, broker=broker, proxy=proxy, disk=disk, publisher=publisher, witness=witness)
    slow: list[str] = []

    def expect(condition: Callable[[], bool], when: str) -> None:
        """Wait for a recovery; after one that did not come, wait no more."""
        if not slow and not _wait(condition, patience):
            slow.append(when)

    def recovered() -> bool:
        return proxy.connected and sum(witness.seen) >= publisher.cursor - _ALMOST

    try:
        broker.start()
        witness.connect(broker.port)
        proxy.open()
        agent.start()
        if not _wait(witness.online.is_set, 30):
            raise SystemExit(f"the agent did not come online:\n{agent.log.read_text(errors='replace')}")
        publisher.start()
        for fault in faults:
            publisher.allow(fault.message)
            expect(partial(publisher.reached, fault.message), f"before {fault}")
            if fault.waits:
                saboteur.wait()
                _wait(recovered, _LULL)
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
        _rest(witness)
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
        "lines": _judge(
            load,
            witness,
            saboteur,
            agent,
            slow=slow,
            patience=patience,
            gateway=_settings(1, protocol, bundle, disk.journal),
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


def _judge(
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
