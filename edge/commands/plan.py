"""plan: spread the stations of a fleet over gateways."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TextIO

from config.arguments import positive

EXAMPLE = "davylamp plan fleet.yaml --gateways 4 -o gateways"

_AGENT_MB = 90  # what an agent takes with one bundle
_BUNDLE_MB = 1  # what each other bundle adds, with its station, as measured
_UNIT_MB = 192  # MemoryMax in the shipped unit


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
    for each in planned:
        for station, before in each.moved.items():
            fix = f"fix: give {before} its new file first, so that no reading is scored twice"
            print(
                f"{station}: moves from {before} to {each.name}, where it has no past yet; {fix}", file=err, flush=True
            )
        if hint := memory_hint(each.path, len({member.bundle for member in each.stations})):
            print(hint, file=err, flush=True)
    members = [member for each in planned for member in each.stations]
    for trained, fix in ((True, f"davylamp train-fleet {fleet}"), (False, f"check the paths in {fleet}")):
        found = (member.bundle for member in members if member.trained is trained and not member.bundle.is_file())
        missing = list(dict.fromkeys(found))
        if missing:
            more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
            print(f"{missing[0]}{more}: not there yet; fix: {fix}", file=err, flush=True)


def memory_hint(path: Path, bundles: int) -> str | None:
    """Say what to write into the service's unit if a gateway has more bundles than it allows for.

    Parameters
    ----------
    path
        The gateway's file.
    bundles
        How many different bundles it has.
    """
    needed = _AGENT_MB + _BUNDLE_MB * bundles
    if needed <= _UNIT_MB:
        return None
    limits = f"MemoryMax={-(-needed // 100) * 125}M and TimeoutStartSec=10min under [Service]"
    return (
        f"{path}: {bundles} different bundles take about {needed:,} MB, and the service may take {_UNIT_MB}; "
        f"fix: sudo systemctl edit davylamp there, with {limits}"
    )


def left_behind(_: Namespace) -> str:
    """Say what an interrupted plan has left."""
    return "each file is as it was or as planned; the same command writes all of them"


def _gateway_prefix(text: str) -> str:
    if not text or not all(char.isascii() and (char.isdigit() or char.islower() or char == "-") for char in text):
        raise ArgumentTypeError(f"got {text!r}, expected a name of a-z, 0-9 and - only")
    return text
