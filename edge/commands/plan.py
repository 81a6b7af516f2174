"""plan: spread the stations of a fleet over gateways."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TextIO

from config.arguments import positive

EXAMPLE = "davylamp plan fleet.yaml --gateways 4 -o gateways"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp plan``."""
    parser.add_argument("fleet", type=Path, metavar="YAML", help="fleet file: the stations and their topics")
    parser.add_argument("--gateways", type=positive, required=True, metavar="N", help="how many gateways there are")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("gateways"), metavar="DIR", help="folder; default: gateways"
    )
    parser.add_argument(
        "--name", type=_gateway_prefix, default="gateway", help="what the gateways' names begin with; default: gateway"
    )


def run(arguments: Namespace) -> None:
    """Write the gateway files."""
    plan(arguments.fleet, arguments.output, arguments.gateways, prefix=arguments.name, out=sys.stdout, err=sys.stderr)


def plan(fleet: Path, output: Path, count: int, *, prefix: str, out: TextIO, err: TextIO) -> None:
    """Spread the stations, write a file for each gateway, and print how many stations it has.

    Parameters
    ----------
    fleet
        The fleet's file.
    output
        Folder of the gateway files.
    count
        How many gateways.
    prefix
        What their names begin with.
    out, err
        Streams for the list of files, and for what is still missing.

    Raises
    ------
    ConfigError
        A file is wrong, or stations overlap; nothing is written then.
    """
    from edge.planning.gateway_plan import plan_gateways, write_plan

    planned = plan_gateways(fleet, output, count, prefix=prefix)
    write_plan(planned)
    for each in planned:
        print(f"{each.path}: {len(each.stations)} stations", file=out, flush=True)
    members = [member for each in planned for member in each.stations]
    for trained, fix in ((True, f"davylamp train-fleet {fleet}"), (False, f"check the paths in {fleet}")):
        found = (member.bundle for member in members if member.trained is trained and not member.bundle.is_file())
        missing = list(dict.fromkeys(found))
        if missing:
            more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
            print(f"{missing[0]}{more}: not there yet; fix: {fix}", file=err, flush=True)


def left_behind(_: Namespace) -> str:
    """Say what an interrupted plan has left."""
    return "each file is as it was or as planned; the same command writes all of them"


def _gateway_prefix(text: str) -> str:
    if not text or not all(char.isascii() and (char.isdigit() or char.islower() or char == "-") for char in text):
        raise ArgumentTypeError(f"got {text!r}, expected a name of a-z, 0-9 and - only")
    return text
