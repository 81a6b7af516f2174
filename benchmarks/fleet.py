"""Wall time of training 20 simulated stations with two workers, against one worker.

Every station is a chamber with a seed of its own, trained with the settings of ``--quick`` by ``davylamp train-fleet``,
in a process with one thread. The runs with one and with two workers are whole command lines, one after the other; the
CPU time of both is printed beside the wall time, because other work on the machine delays both. On a machine with fewer
than two free processors the figure says little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.readings.csv.writer import write_table
from edge.simulation.simulator import simulate_chamber

GOAL = 0.6
ROOT = Path(__file__).parents[1]
ROWS = 1500


def write_fleet(folder: Path, stations: int) -> Path:
    """Write the records and the fleet file."""
    names = load_station(METHANE).names
    (folder / "records").mkdir()
    for number in range(stations):
        write_table(folder / "records" / f"st-{number + 1}.csv", names, simulate_chamber(ROWS, seed=number))
    path = folder / "fleet.yaml"
    path.write_text("stations: [{files: 'records/{station}.csv'}]\n")
    return path


def train(fleet: Path, workers: int) -> dict[str, Any]:
    """Train all of them by the command line."""
    shutil.rmtree(fleet.parent / "bundles", ignore_errors=True)
    command = [sys.executable, "-m", "davylamp", "train-fleet", str(fleet), "--quick", "--json", "--jobs", str(workers)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"davylamp train-fleet failed:\n{done.stderr[-2000:]}\n{done.stdout[-2000:]}")
    stations = json.loads(done.stdout)["stations"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "workers": workers,
        "stations": len(stations),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "cores_used": cpu / seconds,
        "peak_mb": max(each["peak_mb"] for each in stations),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two stations")
    parser.add_argument("--stations", type=int, default=20, metavar="N", help="default: 20, which the goal is for")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fleet = write_fleet(Path(folder), 2 if arguments.quick else arguments.stations)
        results = [train(fleet, workers) for workers in (1, 2)]
    ratio = results[1]["seconds"] / results[0]["seconds"]
    print(f"{results[0]['stations']} stations of {ROWS:,} rows, {os.cpu_count()} processors")
    print(f"{'workers':>8}{'wall [s]':>10}{'CPU [s]':>9}{'cores used':>12}{'MB a job':>10}")
    for each in results:
        row = f"{each['workers']:>8}{each['seconds']:>10.0f}{each['cpu_seconds']:>9.0f}{each['cores_used']:>12.2f}"
        print(f"{row}{each['peak_mb']:>10.0f}")
    met = ratio <= GOAL
    print(f"\ntwo workers take {ratio:.2f} of the time of one (goal at most {GOAL}): {'met' if met else 'MISSED'}")
    if arguments.json:
        report = {
            "benchmark": "fleet",
            "python": platform.python_version(),
            "results": results,
            "ratio": ratio,
            "goals": {"ratio": GOAL, "met": met},
        }
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if met or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
