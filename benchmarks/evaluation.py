"""Runs an evaluation of the trainer as a benchmark: tables, goals, and a report as JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO, TypeVar

import msgspec
from boards import BOARDS, RECORD, find

from config.settings.training import Training
from trainer.evaluation.goal import Goal

Found = TypeVar("Found")


def run_evaluation(
    name: str,
    about: str,
    *,
    evaluate: Callable[..., Found],
    show: Callable[[Found, TextIO], None],
    goals: Callable[[Found], Sequence[Goal]],
    packages: Sequence[str],
    counts: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Run an evaluation with the options of the command line.

    Parameters
    ----------
    name
        Name of the benchmark in its report.
    about
        Text whose first line describes it in ``--help``.
    evaluate
        Function like :func:`trainer.evaluation.detection.evaluate.evaluate`.
    show
        Function that prints the result.
    goals
        Function that compares the result with the goals.
    packages
        Packages whose versions the report names.
    counts
        Further options that are numbers, passed on to ``evaluate`` where they are given: name -> help.

    Returns
    -------
    int
        0, or 1 when a goal was missed; always 0 with ``--quick``.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--data", type=Path, default=RECORD, help="folder of station-1.csv (default: %(default)s)")
    parser.add_argument("--boards", type=int, nargs="+", default=BOARDS, help="default: %(default)s")
    parser.add_argument(
        "--quick", action="store_true", help="one board, less of everything, few epochs: for a first look"
    )
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the report to PATH")
    for option, text in counts.items():
        parser.add_argument(f"--{option}", type=int, metavar="N", help=text)
    arguments = parser.parse_args()
    chosen = {option: value for option in counts if (value := getattr(arguments, option)) is not None}
    boards = BOARDS[:1] if arguments.quick else tuple(arguments.boards)
    settings = Training.quick() if arguments.quick else Training()
    records, source = find(arguments.data, boards)
    started = time.perf_counter()
    found = evaluate(
        records,
        settings,
        quick=arguments.quick,
        processes=arguments.processes,
        progress=sys.stderr if sys.stderr.isatty() else None,
        **chosen,
    )
    seconds = time.perf_counter() - started
    numbers = ", ".join(map(str, boards))
    print(f"{name.capitalize()} on {source}, board {numbers}; {seconds:.0f} s on {platform.machine()}\n")
    show(found, sys.stdout)
    every = goals(found)
    if arguments.json:
        report: dict[str, Any] = {
            "benchmark": name,
            "data": source,
            "boards": boards,
            "quick": arguments.quick,
            "settings": settings,
            "seconds": round(seconds),
            "versions": {package: version(package) for package in packages},
            "results": found,
            "goals": [goal._asdict() | {"met": goal.met} for goal in every],
        }
        arguments.json.write_text(json.dumps(msgspec.to_builtins(report), indent=2) + "\n")
    return 0 if all(goal.met for goal in every) or arguments.quick else 1
