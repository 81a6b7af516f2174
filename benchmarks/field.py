"""The shipped commands in the open air: budgets by age, faults, onsets, beside peers on the same rows.

Each open record is split from its past to its future and into interleaved blocks. ``davylamp train`` makes a bundle of
one part and ``davylamp score`` judges the other, with fixed thresholds and with those that follow. Only undisturbed
readings (no missing cell, no broken rule) count towards a budget.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from field_study.field_goals import field_goals, missed_lines
from field_study.field_record import FIELD, FILES, FieldRecord, find_records
from field_study.field_table import field_lines
from field_study.measuring import Effort, measure_split
from field_study.shipped import ShippedCommands
from field_study.splits import FieldSplit, field_splits

from trainer.evaluation.parallel import run_tasks

SIMULATED_ROWS, QUICK_ROWS = 20_000, 4000
WHOLE = Effort(copies=4, epochs=None, all_cases=True)
QUICK = Effort(copies=1, epochs=3, all_cases=False)


def measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Measure every split, two at a time."""
    started = time.perf_counter()
    records = list(find_records(arguments.data, work, QUICK_ROWS if arguments.quick else SIMULATED_ROWS))
    wanted = [
        (record, split)
        for record in records
        for split in field_splits(record)
        if not arguments.only or any(only in f"{record.place}, {split.name}" for only in arguments.only)
    ][: 1 if arguments.quick else None]
    shipped = ShippedCommands(shlex.split(arguments.davylamp), work, quick=arguments.quick)
    effort = replace(QUICK if arguments.quick else WHOLE, peers=not arguments.ours)
    tasks = [partial(_measure, record, split, shipped, effort, work) for record, split in wanted]
    done = dict(run_tasks(tasks, arguments.processes))
    results = [done[number] for number in range(len(tasks))]
    absent = [file for file in FILES.values() if not (arguments.data / file).is_file()]
    return {
        "benchmark": "field",
        "command": arguments.davylamp,
        "data": "the open field records" if not absent else f"NOT THERE in {arguments.data}: {', '.join(absent)}",
        "simulated": any(record.place == "simulated" for record in records),
        "quick": arguments.quick,
        "seconds": round(time.perf_counter() - started),
        "machine": platform.machine(),
        "versions": {package: version(package) for package in ("numpy", "torch", "scikit-learn")},
        "results": results,
        "goals": [goal._asdict() | {"met": goal.met} for goal in field_goals(results)],
    }


def _measure(
    record: FieldRecord, split: FieldSplit, shipped: ShippedCommands, effort: Effort, work: Path
) -> dict[str, Any]:
    name = f"{record.place}-{split.name}".replace(" ", "").replace(">", "")
    return measure_split(record, split, shipped, effort, work / name)


def show(report: dict[str, Any]) -> None:
    """Print the report."""
    print(f"{report['command']} on {report['data']}; {report['seconds']} s on {report['machine']}")
    if report["simulated"]:
        print("SKIPPED the records from the open air; the figures are of a simulated one, which is kinder")
    print()
    for line in field_lines(report["results"]):
        print(line)
    print()
    for line in missed_lines(list(field_goals(report["results"]))):
        print(line)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=FIELD, help="folder of the records (default: %(default)s)")
    parser.add_argument(
        "--davylamp", metavar="COMMAND", default=f"{shlex.quote(sys.executable)} -m davylamp",
        help="another version's command (default: this one)",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="TEXT", nargs="+", help="only splits whose name contains one of them, e.g. roadside"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave files, bundles and scores there")
    parser.add_argument("--processes", type=int, default=2, help="splits measured at a time (default: %(default)s)")
    parser.add_argument("--ours", action="store_true", help="without the peers, which take as long as ours")
    parser.add_argument("--quick", action="store_true", help="one split, little training: for a first look")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    arguments = parser.parse_args(words)
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        report = measure(arguments, arguments.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="davylamp-field-") as folder:
            report = measure(arguments, Path(folder))
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if arguments.quick or all(goal["met"] for goal in report["goals"]) else 1


if __name__ == "__main__":
    sys.exit(main())
