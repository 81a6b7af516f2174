"""demo: the whole loop in two minutes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from config.arguments import add_station, natural

EXAMPLE = "davylamp demo -o demo-run"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp demo``."""
    parser.add_argument("-o", "--output", type=Path, default=Path("demo-run"), metavar="DIR", help="default: demo-run")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[], metavar="FILE", help="a real record to learn and play"
    )
    add_station(parser, "of --data")
    parser.add_argument("--broker", metavar="HOST[:PORT]", help="a running broker in place of the embedded one")
    parser.add_argument("--seed", type=natural, default=1)


def run(arguments: Namespace) -> None:
    """Run the demo."""
    from config.templates.templates import METHANE
    from export.demo.demo import demo

    demo(
        arguments.output,
        data=arguments.data,
        station=arguments.station or METHANE,
        broker=arguments.broker,
        seed=arguments.seed,
    )


def left_behind(arguments: Namespace) -> str:
    """Say what an interrupted demo has left."""
    return f"{arguments.output} has what was made so far; its agent and broker have stopped"
