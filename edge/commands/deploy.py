"""deploy: install the agent on a Raspberry Pi over ssh, or upgrade it."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings.gateway import Gateway
    from edge.deployment.over_ssh import Order

EXAMPLE = "davylamp deploy pi@gateway.local --bundle one.davy"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp deploy``."""
    parser.add_argument("host", metavar="[USER@]HOST", help="as ssh takes it, also ssh://USER@HOST:PORT")
    parser.add_argument(
        "-b", "--bundle", type=Path, action="append", default=[], metavar="DAVY",
        help="a bundle; repeat it for several; default: those of --config",
    )  # fmt: skip
    parser.add_argument(
        "-c", "--config", type=Path, metavar="YAML",
        help="gateway file; default: the one that is there, or the shipped one",
    )  # fmt: skip
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE",
        help="a file with the broker's password, kept there as a credential that only the agent reads",
    )  # fmt: skip
    parser.add_argument("--broker", action="store_true", help="install and set up Mosquitto on the gateway as well")
    parser.add_argument("--offline", action="store_true", help="the gateway uses no network but this connection")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and change nothing")
    parser.add_argument(
        "-o", "--ssh-option", action="append", default=[], metavar="OPTION", help="for ssh, e.g. Port=2222"
    )


def run(arguments: Namespace) -> int:
    """Deploy, printing each step; the exit code is that of ``davylamp install-service`` there."""
    from config.templates.templates import constraints_path
    from edge.deployment.over_ssh import OverSsh
    from edge.deployment.own_wheel import own_wheel
    from edge.deployment.remote import Remote

    order, wheel, constraints = prepare_order(arguments), own_wheel(), constraints_path()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with Remote(arguments.host, arguments.ssh_option) as remote:
        deployment = OverSsh(remote, wheel, constraints, _say, terminal=sys.stdin.isatty())
        return deployment.run(order)


def left_behind(_: Namespace) -> str:
    """Say what an interrupted deployment has left."""
    return "the gateway runs the version before or the new one, either of them whole; run it again"


def prepare_order(arguments: Namespace) -> Order:
    """Check the files here, where mistakes are found at once, and list those that are sent.

    Raises
    ------
    DavylampError
        A bundle cannot be used, or the gateway file has mistakes; one line each.
    """
    from edge.bundles.bundle import Bundle
    from edge.deployment.over_ssh import Order
    from edge.deployment.password_file import read_password_file
    from edge.errors import DeploymentError

    problems: list[str] = []
    bundles: list[Path] = arguments.bundle
    further: list[Path] = []
    if arguments.config is not None:
        bundles, further = named_files(arguments.config, bundles, problems)
    if arguments.password_file is not None:
        try:
            read_password_file(arguments.password_file)
        except DeploymentError as error:
            problems.append(str(error))
    if problems:
        raise DeploymentError("\n".join(problems))
    for path in bundles:
        Bundle.open(path)
    words = [f"--{word}" for word in ("broker", "offline", "dry-run") if getattr(arguments, word.replace("-", "_"))]
    return Order(tuple(bundles), arguments.config, tuple(further), arguments.password_file, tuple(words))


def named_files(path: Path, given: Sequence[Path], problems: list[str]) -> tuple[list[Path], list[Path]]:
    """List the bundles that are sent, and the other files beside a gateway file that it names.

    Parameters
    ----------
    path
        The gateway file.
    given
        Bundles that are sent in any case.
    problems
        Takes a sentence for each file that the gateway would not find, or not use.

    Returns
    -------
    tuple
        Bundles, and certificates, keys and passwords. An absolute path elsewhere is one on the gateway, and a file that
        is not here may be there from before.

    Raises
    ------
    ConfigError
        The gateway file has mistakes.
    """
    from config.yaml.load import load_gateway

    folder = path.resolve().parent
    gateway = load_gateway(path)
    bundles, further = list(given), list[Path]()
    places = _named(gateway)
    for where, name in places:
        file = Path(name)
        if not file.is_relative_to(folder):
            continue
        inside = file.relative_to(folder)
        files = bundles if where.startswith("stations") else further
        if len(inside.parts) > 1:
            problems.append(
                f'{path}: {where}: got "{inside}", expected a name without a folder: on the gateway it lies beside '
                f"gateway.yaml; fix: move {inside} beside {path.name}"
            )
        elif file.exists() and file.name not in {each.name for each in files}:
            files.append(file)
    names = {Path(name).name for _, name in places}
    problems += [
        f"{bundle}: no station of {path} uses it; fix: stations[].bundle: {bundle.name}, or leave it out"
        for bundle in given
        if bundle.name not in names
    ]
    return bundles, further


def _named(gateway: Gateway) -> list[tuple[str, str]]:
    """List the places in a gateway file that name files, and the files."""
    broker = gateway.broker
    places = [(f"stations[{i}].bundle", entry.bundle) for i, entry in enumerate(gateway.stations)]
    if broker.password is not None:
        places.append(("broker.password.file", broker.password.file or ""))
    if broker.tls is not None:
        files = {"ca": broker.tls.ca, "certificate": broker.tls.certificate, "key": broker.tls.key}
        places += [(f"broker.tls.{key}", file or "") for key, file in files.items()]
    return [(where, file) for where, file in places if file]


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # on the way out, what was sent is removed and the login ended


def _say(line: str) -> None:
    print(line, flush=True)
