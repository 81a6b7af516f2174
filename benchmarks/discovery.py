"""What the discovery by Home Assistant costs an agent: CPU time per reading, and memory.

Two agents, one with ``discovery: off`` and one that announces itself and ten stations, take turns with the same
readings; the median over the rounds counts, and the turns of each round are compared with one another only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from rig.bench import Bench
from rig.broker import MISSING, mosquitto
from rig.bundle import quick_bundle
from rig.play import take_turns
from rig.process import peak_mib, pin

SETTINGS = {"off": "home_assistant: {discovery: off}\n", "on": "home_assistant: {prefix: homeassistant}\n"}
CPU_GOAL, MEMORY_GOAL = 2.0, 2.0  # [%] and [MiB] more than without

Report = dict[str, Any]


def measure(bundle: Path, *, quick: bool) -> Report:
    """Let both take turns."""
    ram = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=ram))
    bench = Bench(folder, bundle)
    rounds, count = (2, 200) if quick else (60, 200)
    agents = {name: bench.agent(name, settings=settings) for name, settings in SETTINGS.items()}
    try:
        pids = {name: bench.start(agent, name) for name, agent in agents.items()}
        for pid in pids.values():
            pin(pid, 0)
        cost = take_turns(bench, pids, rounds, count)
        memory = {name: peak_mib(pid) for name, pid in pids.items()}
    finally:
        for agent in agents.values():
            agent.stop()
        bench.end()
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "benchmark": "discovery",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "quick": quick,
        "results": [
            {"discovery": name, "cpu_us": round(cost.cpu_us[name], 2), "peak_mib": round(memory[name], 1)}
            for name in SETTINGS
        ],
        "more_percent": [round(each, 1) for each in (cost.more, cost.low, cost.high)],
    }


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds, for a first look")
    parser.add_argument("--bundle", type=Path, metavar="DAVY", help="default: a quickly trained one, which is kept")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    report: Report = {"benchmark": "discovery", "skipped": MISSING}
    if mosquitto() is not None:
        report = measure(arguments.bundle or quick_bundle(), quick=arguments.quick)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if "skipped" in report:
        print(f"skipped: {report['skipped']}")
        return 0
    off, on = report["results"]
    print(f"{'discovery, 10 stations':<28}{'CPU us a reading':>18}{'VmHWM MiB':>12}")
    for one in (off, on):
        print(f"{one['discovery']:<28}{one['cpu_us']:>18.2f}{one['peak_mib']:>12.1f}")
    (more, low, high), mib = report["more_percent"], on["peak_mib"] - off["peak_mib"]
    print(f"{'more':<28}{more:>16.1f} %{mib:>12.1f}")
    print(f"{'  90 % confidence':<28}{f'{low:.1f} to {high:.1f} %':>18}")
    return 0 if report["quick"] or (more <= CPU_GOAL and mib <= MEMORY_GOAL) else 1


if __name__ == "__main__":
    sys.exit(main())
