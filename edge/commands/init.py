"""init: write the commented default files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

EXAMPLE = "davylamp init my-station"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp init``."""
    parser.add_argument("folder", nargs="?", default=Path(), type=Path, help="default: here")


def run(arguments: Namespace) -> None:
    """Write the files and print their paths."""
    from config.templates.templates import copy_templates

    for path in copy_templates(arguments.folder):
        print(path)
