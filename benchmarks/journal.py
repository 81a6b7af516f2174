"""The journal's writes in a day, the time of a commit, and the time to rebuild a station after a start.

A day of one reading a minute goes through the real agent, with an fsync at every commit (``durability: power``): its
clock is moved by hand and its link confirms everything at once, so that the day takes a few seconds. The kernel counts
for the process the bytes that it wrote, and the whole pages of them that went to the disk; what the file system writes
for itself is not included.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rig.bundle import quick_bundle
from rig.disk_arguments import disk_arguments
from rig.echo import Echo, MovedClock

from config.settings.gateway import Gateway, HealthSettings, JournalSettings, StationEntry
from edge.agent.agent import Agent
from edge.agent.presence import Presence
from edge.agent.rebuilding import rebuild
from edge.agent.run import open_journal
from edge.agent.stations import Stations
from edge.agent.watchdog import Watchdog
from edge.archive.archive import Archive
from edge.bundles.bundle import Bundle
from edge.clock import SystemClock
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.simulation.injection import Injection, inject
from edge.simulation.publisher import message
from edge.simulation.simulator import simulate_chamber

DAY, QUICK_DAY = 1440, 120  # readings, one a minute
LEAKS = [Injection("leak", start, 30, size=6000.0) for start in (400, 1000)]
TURNS = (0.01, 1.0, 5.0, 20.0, 40.0)  # [s] after a reading, when the agent takes a turn
PAST = 2000  # readings that a station is rebuilt from
GOAL_MB = 25.0
ROUNDS = 5


class Day:
    """An agent with a journal on a disk, which receives a reading every minute.

    Parameters
    ----------
    folder
        Folder on the disk.
    bundle
        Bundle of the station.
    archived
        Whether readings are archived as well.
    """

    def __init__(self, folder: Path, bundle: Bundle, *, archived: bool = False) -> None:
        self.gateway = Gateway(
            gateway="day",
            stations=(StationEntry(bundle=bundle.path),),
            journal=JournalSettings(path=str(folder / "journal.db")),
            health=HealthSettings(every=60.0),
        )
        self.bundle = bundle
        self.clock = MovedClock(1.75e9)
        self.echo = Echo()
        self.stations = Stations(self.gateway, [bundle])
        self.journal = open_journal(self.gateway, SystemClock())
        self.agent = Agent(
            self.gateway,
            self.stations,
            self.echo,
            self.journal,
            presence=Presence(self.gateway, Topics(self.gateway.topics.base), self.clock),
            watchdog=Watchdog(self.clock, {}),
            clock=self.clock,
            archive=Archive.beside(self.gateway.archive, self.gateway.journal.path, self.clock) if archived else None,
        )
        self.agent.turn()

    def play(self, rows: int, first: int = 0) -> list[float]:
        """Deliver readings; return how long the turn of each took [s]."""
        values = inject(simulate_chamber(14186, seed=1)[:PAST], LEAKS)
        keys = self.bundle.station.keys
        times = []
        for seq in range(first, first + rows):
            payload = message(keys, values[seq % PAST].tolist(), self.clock.now(), seq)
            mid = seq % 65535 + 1
            self.echo.incoming = [Message("sensors/st-1/readings", payload, 1, False, mid, 1, self.clock.now())]
            begun = time.perf_counter()
            self.agent.turn()
            times.append(time.perf_counter() - begun)
            for after, before in zip(TURNS, (0.0, *TURNS), strict=False):
                self.clock.time += after - before
                self.agent.turn()
            self.clock.time += 60.0 - TURNS[-1]
        return times


def written() -> dict[str, int]:
    """Return how many bytes this process wrote, and how many it made the disk write."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return {name: int(count) for name, _, count in (line.partition(":") for line in lines)}


def rebuilding(day: Day) -> list[float]:
    """Measure how long it takes to read a station's past from the journal and to rebuild its state [s]."""
    day.play(PAST - day.stations["st-1"].state.n, day.stations["st-1"].state.n)
    station = day.stations["st-1"]
    times = []
    for _ in range(ROUNDS):
        state = station.group.scorer.new_state()
        begun = time.perf_counter()
        rows = day.journal.readings(station.id)
        rebuild(state, station.group.scorer, rows, day.journal.clock(station.id))
        times.append(time.perf_counter() - begun)
    if len(rows) != PAST:
        raise SystemExit(f"the journal holds {len(rows)} readings, expected {PAST}")
    return times


def measure(bundle: Path, disk: Path, *, quick: bool) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=disk))
    readings = QUICK_DAY if quick else DAY
    try:
        day = Day(folder, Bundle.open(bundle))
        before = written()
        turns = day.play(readings)
        os.sync()
        after = written()
        if day.echo.scores != readings:
            raise SystemExit(f"got {day.echo.scores} scores, expected {readings}")
        commits = day.journal.commit_seconds
        results: dict[str, Any] = {
            "readings": readings,
            "written_mb": round((after["wchar"] - before["wchar"]) / 1e6, 2),
            "to_disk_mb": round((after["write_bytes"] - before["write_bytes"]) / 1e6, 2),
            "file_mb": day.journal.mb,
            "commit_ms": {
                name: round(1e3 * (seconds or 0.0), 3) for name, seconds in zip(("p50", "p99"), commits, strict=True)
            },
            "turn_ms": {f"p{q}": round(1e3 * float(np.percentile(turns, q)), 3) for q in (50, 99)},
        }
        results["to_disk_mb_a_day"] = round(results["to_disk_mb"] * DAY / readings, 2)
        if not quick:
            times = rebuilding(day)
            results["rebuild_ms"] = {"readings": PAST, "lowest": round(1e3 * min(times), 1)}
        day.agent.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    counted = results["to_disk_mb"] > 0  # 0 on a file system in memory
    return {
        "benchmark": "journal",
        "machine": platform.machine(),
        "quick": quick,
        "results": results,
        "goal_mb": GOAL_MB,
        "met": counted and results["to_disk_mb_a_day"] <= GOAL_MB,
    }


def show(report: dict[str, Any]) -> None:
    found = report["results"]
    print(f"The journal, one station, one reading a minute, an fsync per commit; {found['readings']} readings\n")
    print(f"{'written by the process [MB]':<44}{found['written_mb']:>9.2f}")
    print(f"{'of that to the disk, whole pages [MB]':<44}{found['to_disk_mb']:>9.2f}")
    verdict = "met" if report["met"] else "MISSED"
    print(f"{'to the disk in a day [MB]':<44}{found['to_disk_mb_a_day']:>9.2f} <= {GOAL_MB:g}  {verdict}")
    print(f"{'size of the journal and its log [MB]':<44}{found['file_mb']:>9.2f}")
    for what, name in (("commit_ms", "a commit"), ("turn_ms", "a turn with one reading")):
        times = found[what]
        print(f"{name + ', p50 and p99 [ms]':<44}{times['p50']:>9.2f}{times['p99']:>9.2f}")
    if "rebuild_ms" in found:
        print(f"{f'a station rebuilt from {PAST} readings [ms]':<44}{found['rebuild_ms']['lowest']:>9.1f}")


def main() -> int:
    arguments = disk_arguments(__doc__, "two hours of the day")
    report = measure(arguments.bundle or quick_bundle(), arguments.disk, quick=arguments.quick)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["met"] or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
