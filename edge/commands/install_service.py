"""install-service: install the agent on this machine as a systemd service, or upgrade it."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import config

_HANDED_OVER = "DAVYLAMP_HANDED_OVER"  # in the environment of the davylamp that has taken over

EXAMPLE = "sudo davylamp install-service --bundle one.davy"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp install-service``."""
    parser.add_argument(
        "-b", "--bundle", type=Path, action="append", default=[], metavar="DAVY",
        help="a bundle; repeat it for several; default: those that are installed",
    )  # fmt: skip
    parser.add_argument(
        "-c", "--config", type=Path, metavar="YAML",
        help="gateway file; default: the one that is installed, or the shipped one",
    )  # fmt: skip
    parser.add_argument(
        "--file", type=Path, action="append", default=[], metavar="FILE",
        help="a further file that the gateway file names, e.g. a certificate; repeat it for several",
    )  # fmt: skip
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE",
        help="a file with the broker's password, kept as a credential that only the agent reads",
    )  # fmt: skip
    parser.add_argument(
        "--wheelhouse", type=Path, metavar="DIR",
        help="folder with the wheels; default: the environment that is running, or a download",
    )  # fmt: skip
    parser.add_argument("--broker", action="store_true", help="install and set up Mosquitto here as well")
    parser.add_argument("--offline", action="store_true", help="use no network")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and change nothing")


def run(arguments: Namespace) -> None:
    """Install or upgrade, printing each step."""
    _hand_over(arguments.wheelhouse)
    from edge.deployment.installation import Installation
    from edge.deployment.machine import Machine
    from edge.deployment.undisturbed import say_undisturbed
    from edge.deployment.wishes import Wishes

    wishes = Wishes(
        bundles=tuple(arguments.bundle),
        config=arguments.config,
        files=tuple(arguments.file),
        password=arguments.password_file,
        wheelhouse=arguments.wheelhouse,
        broker=arguments.broker,
        offline=arguments.offline,
        dry_run=arguments.dry_run,
    )
    Installation(Machine(), say=say_undisturbed).run(wishes)


def left_behind(_: Namespace) -> str:
    """Say what an interrupted installation has left."""
    return "the version before or the new one is installed, either of them whole; run it again"


def _hand_over(wheelhouse: Path | None) -> None:
    """Let the davylamp of a wheelhouse install itself: a release has the unit of its own version."""
    wheels = list(wheelhouse.glob("davylamp-*.whl")) if wheelhouse is not None else []
    if len(wheels) != 1 or sys.argv[1:2] != ["install-service"] or os.environ.get(_HANDED_OVER):
        return
    wheel = wheels[0].resolve()
    if Path(config.__file__).parents[1] == wheel:
        return
    variables = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1", _HANDED_OVER: "1"}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "davylamp", *sys.argv[1:]], variables)  # noqa: S606
