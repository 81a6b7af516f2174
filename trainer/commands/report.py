"""report: draw what trainings and evaluations left in run folders."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from config.arguments import add_png
from config.heartbeat import heartbeat

EXAMPLE = "davylamp report runs/one runs/two -o report.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp report``."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders; with --life, bundles")
    parser.add_argument(
        "--life",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="draw a station's life: its bundles over what it sent, from the oldest file to the newest",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="HTML", help="default: report.html in the run; of several, here"
    )
    add_png(parser)


def run(arguments: Namespace) -> None:
    """Write the page and print its path."""
    if arguments.life:
        output = arguments.output or Path("life.html")
        with heartbeat(sys.stderr, "loading libraries") as progress:
            from trainer.reporting.life import draw_life

            draw_life(arguments.runs, arguments.life, output, png=arguments.png, progress=progress)
        print(output)
        return
    draw_report(arguments.runs, arguments.output, arguments.png)


def draw_report(
    runs: Sequence[Path], output: Path | None = None, png: Path | None = None, *, out: TextIO | None = None
) -> None:
    """Write the page of runs, by default into the only run's folder or else into this one, and print its path.

    The path goes to ``out``; ``None``: to standard output.
    """
    output = output or (runs[0] / "report.html" if len(runs) == 1 else Path("report.html"))
    with heartbeat(sys.stderr, "loading libraries") as progress:
        from trainer.reporting.report import report

        report(runs, output, png=png, progress=progress)
    print(output, file=sys.stdout if out is None else out)
