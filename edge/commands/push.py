"""push: send bundles to running agents, which try them in shadow before they score."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from config.arguments import add_agent, agent_of, natural, seconds
from edge.commands.keygen import USUAL_KEY

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.rollout.signing_key import SigningKey
    from edge.stop import Stop

EXAMPLE = "davylamp push new.davy --station st-1 --key davylamp.key"

_PATIENCE = 60.0  # [s] without an answer: an agent that is restarted has time to come back


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp push``."""
    parser.add_argument(
        "file", type=Path, metavar="BUNDLE", help="a bundle, or a folder with one for each station, NAME.davy"
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--station", action="append", metavar="NAME", help="for this station; may be repeated")
    whose.add_argument("--all", action="store_true", help="for every station that the agents know")
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help=f"key of `davylamp keygen`; default: {USUAL_KEY}, if there is one"
    )
    parser.add_argument(
        "--unsigned", action="store_true", help="without a signature, if the gateway's settings allow it"
    )
    parser.add_argument(
        "--shadow", type=natural, metavar="N", help="readings in shadow; default: the gateway's; 0: active at once"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="although it is older than the running one, or of a station of another name",
    )
    parser.add_argument("--wait", action="store_true", help="until it is active or refused, with its progress")
    parser.add_argument(
        "--patience", type=seconds, default=_PATIENCE, metavar="S", help=f"without an answer; default {_PATIENCE:g}"
    )
    add_agent(parser)


def run(arguments: Namespace) -> int:
    """Push a bundle for each station, and print what becomes of it."""
    from edge.errors import KeyFileError
    from edge.rollout.signing_key import SigningKey
    from edge.stop import Stop

    broker, base = agent_of(arguments)
    path = arguments.key
    if path is None and not arguments.unsigned and USUAL_KEY.is_file():
        path = USUAL_KEY
    if path is None and not arguments.unsigned:
        raise KeyFileError(
            f"{USUAL_KEY}: there is no such key; fix: davylamp keygen makes one, --key names another, and --unsigned "
            "sends no signature"
        )
    if path is not None and arguments.unsigned:
        raise KeyFileError(f"--unsigned: got it together with --key {path}, expected one of both")
    key = None if path is None else SigningKey.read(path.expanduser())
    with Stop() as stop:
        return push(broker, base, arguments, key=key, stop=stop, out=sys.stdout)


def left_behind(_: Namespace) -> str:
    """Say what an interrupted push has left."""
    return "what has come is kept, and the same command goes on from there; what has come whole is tried all the same"


def push(
    broker: Broker, base: str | None, arguments: Namespace, *, key: SigningKey | None, stop: Stop, out: TextIO
) -> int:
    """Push a bundle for one station or more, or to each its own; one that is refused is named, and the others go on.

    Parameters
    ----------
    broker
        The agents' broker.
    base
        The agent's base topic; ``None``: for each station the gateway that is online and knows it.
    arguments
        Those of the command line.
    key
        Signs it; ``None``: unsigned.
    stop
        Ends it.
    out
        Stream to print to.

    Returns
    -------
    int
        0, or 1 if it was refused for a station.

    Raises
    ------
    RequestError
        No gateway is online.
    BundleError
        The one bundle for all cannot be used.
    BrokerError
        The broker cannot be reached, or for the only station nobody answers.
    KeyboardInterrupt
        A stop was requested.
    """
    from edge.clock import SystemClock
    from edge.collecting.online_gateways import find_online_gateways
    from edge.errors import RequestError
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.mqtt.topics import Topics
    from edge.rollout.push_session import VERBS
    from edge.rollout.pushes import Pushes, load_bundle

    one = None if arguments.file.is_dir() else load_bundle(arguments.file)
    bases = [base] if base is not None else find_online_gateways(broker, "push", stop)
    if not bases:
        raise RequestError("online: no gateway; fix: start one, or name it with --base")
    gateways = [Topics(each) for each in bases]
    subscriptions = [Subscription(each.response(verb)) for each in gateways for verb in VERBS]
    with command_link(broker, "push", subscriptions, stop) as link:
        pushes = Pushes(
            link, SystemClock(), gateways, arguments.file, one,
            key=key, patience=arguments.patience, shadow=arguments.shadow, force=arguments.force, wait=arguments.wait,
            stop=lambda: stop.requested, out=out,
        )  # fmt: skip
        stations = pushes.find_stations(arguments.station)
        done = [pushes.push(station, alone=len(stations) == 1) for station in stations]
    failed = done.count(False)
    if failed and len(done) > 1:
        print(f"{failed} of {len(done)} stations have not taken it", file=out, flush=True)
    return 1 if failed else 0
