"""explore: draw what is in a record, before anything is trained."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from config.arguments import add_png, add_station
from config.heartbeat import heartbeat

EXAMPLE = "davylamp explore data/station-1.csv --station methane.yaml -o explore.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp explore``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="each one is a contiguous segment")
    add_station(parser, "that describes the columns")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("explore.html"), metavar="HTML", help="default: explore.html"
    )
    parser.add_argument(
        "--pair",
        type=_pair,
        action="append",
        default=[],
        metavar="KEY,KEY",
        help="two columns to look at beside the environment's; may be repeated",
    )
    add_png(parser)


def run(arguments: Namespace) -> None:
    """Write the page and print its path."""
    from config.templates.templates import METHANE

    with heartbeat(sys.stderr, "loading libraries") as progress:
        from trainer.exploring.explore import explore

        explore(
            arguments.files,
            arguments.station or METHANE,
            arguments.output,
            pairs=arguments.pair,
            png=arguments.png,
            progress=progress,
        )
    print(arguments.output)


def _pair(text: str) -> tuple[str, str]:
    one, _, other = text.partition(",")
    if not one or not other:
        raise ArgumentTypeError(f"got {text!r}, expected KEY,KEY, such as ch4_ppb,rmq4_ohm")
    return one, other
