"""push: send a bundle to a running agent, which tries it in shadow before it scores."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from config.arguments import add_agent, agent_of, natural, seconds
from config.printable import escape_commands
from edge.commands.keygen import USUAL_KEY

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.rollout.push_session import PushSession
    from edge.rollout.signing_key import SigningKey
    from edge.stop import Stop

EXAMPLE = "davylamp push new.davy --station st-1 --key davylamp.key"

_PATIENCE = 60.0  # [s] without an answer: an agent that is restarted has time to come back


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp push``."""
    parser.add_argument("file", type=Path, metavar="BUNDLE", help="a bundle of `davylamp export`, `retrain` or `train`")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--station", action="append", metavar="NAME", help="for this station; may be repeated")
    whose.add_argument("--all", action="store_true", help="for every station that the agent knows")
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


def left_behind(_: Namespace) -> str:
    """Say what an interrupted push has left."""
    return "what has come is kept, and the same command goes on from there; what has come whole is tried all the same"


def run(arguments: Namespace) -> int:
    """Push the bundle for each station, and print what becomes of it."""
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


def push(
    broker: Broker, base: str | None, arguments: Namespace, *, key: SigningKey | None, stop: Stop, out: TextIO
) -> int:
    """Push a bundle for one station or more.

    Parameters
    ----------
    broker
        The agent's broker.
    base
        The agent's base topic; ``None``: that of the only gateway that is online.
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
    BundleError
        It is no bundle.
    RequestError
        The agent knows no station, or it is not clear which agent is meant.
    BrokerError
        The broker cannot be reached, or the agent does not answer.
    KeyboardInterrupt
        A signal has come before the end.
    """
    from edge.bundles.archive import read_bundle
    from edge.bundles.bundle import Bundle
    from edge.clock import SystemClock
    from edge.commands.request import find_base
    from edge.errors import BrokerError, RequestError
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.mqtt.topics import Topics
    from edge.rollout.push_session import VERBS, PushSession

    data = read_bundle(arguments.file)
    bundle = Bundle.load(data, str(arguments.file))
    topics = Topics(base or find_base(broker, stop))
    subscriptions = [Subscription(topics.response(verb)) for verb in VERBS]
    with command_link(broker, "push", subscriptions, stop) as link:
        session = PushSession(
            link, topics, SystemClock(), data, escape_commands(arguments.file.name)[-200:],
            key=key, patience=arguments.patience, stop=lambda: stop.requested,
        )  # fmt: skip
        stations = list(dict.fromkeys(arguments.station or session.stations()))
        if not stations and not stop.requested:
            raise RequestError("the agent knows no station yet; fix: push it when one has sent a reading")
        failed = 0
        for number, station in enumerate(stations):
            try:
                models = session.push(station, shadow=arguments.shadow, force=arguments.force)
                if models is not None and arguments.wait:
                    models = _follow(session, station, models, out)
            except RequestError as error:
                failed += 1
                _say(f"{station}: refused: {error}", out)
                continue
            except BrokerError as error:
                raise BrokerError(f"{error}; not pushed for {', '.join(stations[number:])}") from error
            if models is None:
                break
            line, good = outcome_line(models, bundle.id, session.sha256)
            failed += not good
            _say(f"{station}: {line}", out)
    if stop.requested:
        raise KeyboardInterrupt
    return 1 if failed else 0


def _say(line: str, out: TextIO) -> None:
    """Print a line; what an agent says may not command the terminal."""
    print(escape_commands(line), file=out, flush=True)


def outcome_line(models: dict[str, Any], bundle: str, sha256: str) -> tuple[str, bool]:
    """Say in one line what became of a bundle, and whether that is good.

    Parameters
    ----------
    models
        The station's models.
    bundle, sha256
        Id of the bundle, and SHA-256 of its file.
    """
    waiting, last, active = models["waiting"], models["last"], models["active"]
    if active["sha256"] == sha256:
        return f"{bundle} is active", True
    if waiting is not None and waiting["model"]["sha256"] == sha256 and waiting["phase"] != "shadow":
        return f"{bundle} has come, and is verified as soon as the station sends", True
    if waiting is not None and waiting["model"]["sha256"] == sha256:
        fix = f"davylamp request model/activate station={models['station']} activates it at once"
        return f"{bundle} is in shadow: {waiting['readings']} of {waiting['of']} readings; {fix}", True
    if last is not None and last["reason"]:
        return f"{last['bundle']} {last['outcome']}: {last['reason']}", False
    return f"{bundle} is not used; {active['bundle']} runs", False


def _follow(session: PushSession, station: str, models: dict[str, Any] | None, out: TextIO) -> dict[str, Any] | None:
    """Print the progress of a shadow until it ends."""
    shown = -1
    while (
        models is not None and models["waiting"] is not None and models["waiting"]["model"]["sha256"] == session.sha256
    ):
        waiting = models["waiting"]
        if waiting["readings"] * 10 // max(1, waiting["of"]) != shown:
            shown = waiting["readings"] * 10 // max(1, waiting["of"])
            compared = waiting["comparison"] or {}
            agreement = compared.get("agreement")
            agreed = "" if agreement is None else f", both decide the same on {100 * agreement:.1f} %"
            _say(f"{station}: shadow {waiting['readings']} of {waiting['of']} readings{agreed}", out)
        session.wait(1.0)
        models = session.status(station)
    return models
