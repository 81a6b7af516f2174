"""Distance of the simulated chamber from the reference record.

Two-sample Kolmogorov-Smirnov distance of each column, and the mean absolute difference of the correlation matrices, for
the three boards and several seeds; beside it a Gaussian with the record's own mean and covariance, the two halves of
the record, and one simulated run against another. The simulator was fitted to this record, so the figures are
in-sample.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Floats
from edge.readings.csv.reader import read_table
from edge.simulation.simulator import simulate_chamber

RECORD = Path(__file__).parent.parent.parent / "shared" / "data"
BOARDS = (1, 2, 3)
GOAL_KS, GOAL_CORRELATION = 0.07, 0.03


def distances(a: Floats, b: Floats) -> tuple[list[float], float, float]:
    """KS distance of each column [F], mean and largest absolute difference of the correlations."""
    ks = []
    for x, y in zip(np.sort(a.T), np.sort(b.T), strict=True):
        both = np.concatenate([x, y])
        steps = np.searchsorted(x, both, "right") / len(x) - np.searchsorted(y, both, "right") / len(y)
        ks.append(float(np.abs(steps).max()))
    pairs = np.triu_indices(a.shape[1], 1)
    difference = np.abs(np.corrcoef(a.T) - np.corrcoef(b.T))[pairs]
    return ks, float(difference.mean()), float(difference.max())


def gaussian(real: Floats, seed: int) -> Floats:
    """Draw from a multivariate normal with the record's mean and covariance."""
    return np.random.default_rng(seed).multivariate_normal(real.mean(0), np.cov(real.T), len(real))


def summary(name: str, pairs: list[tuple[Floats, Floats]]) -> dict[str, Any]:
    """Average :func:`distances` over pairs; the spread is that of the mean KS distance."""
    ks, mean, largest = zip(*(distances(a, b) for a, b in pairs), strict=True)
    columns = np.array(ks)
    return {
        "name": name,
        "pairs": len(pairs),
        "ks": columns.mean(0).round(4).tolist(),
        "ks_mean": round(float(columns.mean()), 4),
        "ks_sd": round(float(columns.mean(1).std()), 4),
        "ks_worst_seed": round(float(columns.mean(1).max()), 4),
        "correlation_mean": round(float(np.mean(mean)), 4),
        "correlation_max": round(float(np.max(largest)), 4),
    }


def measure(folder: Path, seeds: int) -> dict[str, Any]:
    station = load_station(METHANE)
    results, seconds = [], []
    for board in BOARDS:
        real = read_table(folder / f"station-{board}.csv", station).values
        runs = []
        for seed in range(seeds):
            start = time.perf_counter()
            runs.append(simulate_chamber(len(real), seed=seed, board=board))
            seconds.append(time.perf_counter() - start)
        half = len(real) // 2
        results += [
            summary(f"board {board}: simulated", [(run, real) for run in runs]),
            summary(f"board {board}: Gaussian, same mean and covariance", [(gaussian(real, 0), real)]),
            summary(f"board {board}: record, first half / second half", [(real[:half], real[half:])]),
            summary(f"board {board}: simulated, seed / next seed", list(zip(runs, runs[1:] + runs[:1], strict=True))),
        ]
    simulated = [result for result in results if result["name"].endswith("simulated")]
    return {
        "benchmark": "simulator",
        "in_sample": True,
        "rows": len(real),
        "seeds": seeds,
        "columns": list(station.keys),
        "results": results,
        "seconds_per_run": round(float(np.median(seconds)), 4),
        "goals": {
            "ks_mean": GOAL_KS,
            "correlation_mean": GOAL_CORRELATION,
            "met": all(r["ks_mean"] <= GOAL_KS and r["correlation_mean"] <= GOAL_CORRELATION for r in simulated),
        },
    }


def show(report: dict[str, Any]) -> None:
    print(f"Simulated chamber against the reference record: {report['rows']} rows, {report['seeds']} seeds.")
    print(
        "IN-SAMPLE: the simulator was fitted to this record, and its schedule of plateaus and injections is copied.\n"
    )
    heads = [key.split("_")[0] for key in report["columns"]]
    print(
        f"{'KS distance (0 = equal)':<52}{''.join(f'{head:>12}' for head in heads)}{'mean':>8}{'|dcorr|':>9}{'max':>7}"
    )
    for result in report["results"]:
        cells = "".join(f"{value:>12.3f}" for value in result["ks"])
        print(
            f"{result['name']:<52}{cells}{result['ks_mean']:>8.3f}"
            f"{result['correlation_mean']:>9.3f}{result['correlation_max']:>7.3f}"
        )
    goals = report["goals"]
    print(
        f"\ngoals: mean KS <= {goals['ks_mean']}, mean |dcorr| <= {goals['correlation_mean']}, every board: "
        f"{'met' if goals['met'] else 'MISSED'}; one run takes {1000 * report['seconds_per_run']:.0f} ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data", type=Path, default=RECORD, help="folder of station-1.csv, -2 and -3 (default: %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=8, help="simulated runs per board (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args()
    missing = [f"station-{b}.csv" for b in BOARDS if not (arguments.data / f"station-{b}.csv").is_file()]
    report: dict[str, Any]
    if missing:
        report = {"benchmark": "simulator", "skipped": f"{', '.join(missing)} not in {arguments.data}"}
        print(f"skipped: {report['skipped']}; fix: davylamp data fetch, then --data FOLDER")
    else:
        report = measure(arguments.data, arguments.seeds)
        show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if missing or report["goals"]["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
