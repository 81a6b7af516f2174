"""export: make the bundle of a run."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

EXAMPLE = "davylamp export runs/one -o one.davy"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp export``."""
    parser.add_argument("folder", type=Path, metavar="RUN")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DAVY")


def run(arguments: Namespace) -> None:
    """Write the bundle and print what it holds."""
    from export.export import export
    from trainer.run import Run

    export(Run.open(arguments.folder), arguments.output, out=sys.stdout)


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted export has left."""
    return f"{arguments.output} is as it was before"
