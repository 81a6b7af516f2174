"""The archive: what it adds to a day's writes, the size of a month, and the CPU time that it takes from a turn.

A day of one reading a minute goes through the real agent as in ``benchmarks/journal.py``, first without an archive and
then with one; the kernel counts what went to the disk. The month has 43,200 readings of the simulated chamber, with
alarms, written hour by hour as on a gateway.
"""

from __future__ import annotations

import json
import platform
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from journal import DAY, QUICK_DAY, Day, written
from rig.bundle import quick_bundle
from rig.disk_arguments import disk_arguments
from rig.echo import MovedClock

from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from edge.archive.station_tail import ArchivedReading
from edge.bundles.bundle import Bundle
from edge.simulation.simulator import simulate_chamber

MONTH = 30 * DAY  # readings, one a minute
ROUND = 14_186  # rows of the chamber, which are repeated
GOAL_MB, GOAL_SHARE, GOAL_US = 12.0, 0.20, 2.0
ROUNDS, BATCH, TURN = 10, 4096, 8  # readings in a round, and in a turn of the agent
SETTLING = 0.005  # [s] between two looks at the writer


def a_day(bundle: Path, disk: Path, readings: int, *, archived: bool) -> float:
    """Play a day; return what went to the disk [MB]."""
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=disk))
    try:
        day = Day(folder, Bundle.open(bundle), archived=archived)
        before = written()["write_bytes"]
        day.play(readings)
        day.agent.stop()
        return (written()["write_bytes"] - before) / 1e6
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def a_month(bundle: Path, disk: Path, readings: int) -> dict[str, float]:
    """Archive a month; return its size [MB], its writes a day [MB], and the CPU time of a reading in a turn [us]."""
    station = Bundle.open(bundle).station
    rows = [struct.pack(f"={station.size}d", *row) for row in simulate_chamber(ROUND, seed=1).tolist()]
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=disk))
    clock = MovedClock(1.75e9)
    try:
        archive = Archive(ArchiveSettings(), folder / "archive.db", clock)
        before = written()["write_bytes"]
        for n in range(readings):
            alarm = "st-1/consistency/2025-06-15T12:00:00.000Z/1" if n % 5000 < 40 else ""
            reading = ArchivedReading(n + 1, clock.time, clock.time, 5 if alarm else 1, alarm, rows[n % ROUND])
            archive.note("st-1", station, reading)
            archive.settle(())
            archive.turn()
            clock.time += 60.0
            while archive.busy:
                time.sleep(SETTLING)
        archive.close()
        to_disk = (written()["write_bytes"] - before) / 1e6
        return {
            "mb": round((folder / "archive.db").stat().st_size / 1e6, 2),
            "to_disk_mb_a_day": round(to_disk * DAY / readings, 2),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def turns(bundle: Path, disk: Path) -> float:
    """Return the CPU time that the agent's thread spends for the archive, the least of a few rounds [us a reading]."""
    station = Bundle.open(bundle).station
    values = struct.pack(f"={station.size}d", *range(station.size))
    folder = Path(tempfile.mkdtemp(prefix="davylamp-", dir=disk))
    try:
        archive = Archive(ArchiveSettings(), folder / "archive.db", MovedClock(1.75e9))
        spent = []
        for _ in range(ROUNDS):
            begun = time.thread_time()
            for n in range(0, BATCH, TURN):
                for i in range(n, n + TURN):
                    archive.note("st-1", station, ArchivedReading(i, 1.75e9 + i, 1.75e9 + i, 1, "", values))
                archive.settle(())
            spent.append((time.thread_time() - begun) / BATCH)
        archive.close()
        return round(1e6 * min(spent), 2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(bundle: Path, disk: Path, *, quick: bool) -> dict[str, Any]:
    readings = QUICK_DAY if quick else DAY
    without = a_day(bundle, disk, readings, archived=False)
    together = a_day(bundle, disk, readings, archived=True)
    month = a_month(bundle, disk, MONTH // 10 if quick else MONTH)
    us = turns(bundle, disk)
    share = (together - without) / without if without else float("inf")  # 0 on a file system in memory
    return {
        "benchmark": "archive",
        "machine": platform.machine(),
        "quick": quick,
        "results": {
            "day": {
                "without_mb": round(without, 2),
                "with_mb": round(together, 2),
                "share": round(share, 3),
                "readings": readings,
            },
            "month": month,
            "us": us,
        },
        "met": share <= GOAL_SHARE and month["mb"] <= GOAL_MB and us <= GOAL_US,
    }


def show(report: dict[str, Any]) -> None:
    day, month = report["results"]["day"], report["results"]["month"]
    print(f"The archive, one station, one reading a minute; {day['readings']} readings\n")
    print(f"{'to the disk without an archive [MB]':<52}{day['without_mb']:>9.2f}")
    print(f"{'to the disk with it [MB]':<52}{day['with_mb']:>9.2f}")
    print(f"{'more':<52}{100 * day['share']:>8.1f}% <= {100 * GOAL_SHARE:.0f} %")
    print(f"{'written by the archive in a day [MB]':<52}{month['to_disk_mb_a_day']:>9.2f}")
    print(f"{'size of a month [MB]':<52}{month['mb']:>9.2f} <= {GOAL_MB:g}")
    print(f"{'CPU time that a reading takes from the turn [us]':<52}{report['results']['us']:>9.2f} <= {GOAL_US:g}")
    print("\nmet" if report["met"] else "\nMISSED")


def main() -> int:
    arguments = disk_arguments(__doc__, "two hours and three days")
    report = measure(arguments.bundle or quick_bundle(), arguments.disk, quick=arguments.quick)
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["met"] or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
