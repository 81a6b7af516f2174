"""watch: show scores, events and alarms as they come: a live table in a terminal, lines or JSON elsewhere."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from config.arguments import add_agent, agent_of
from config.extras import missing_extra_fix

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.mqtt.message import Message

EXAMPLE = "davylamp watch --broker gateway.local"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp watch``."""
    add_agent(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--lines", action="store_true", help="a line per message, as when the output is no terminal")
    how.add_argument(
        "--json", action="store_true", help="a line of JSON per message: its topic, and the message itself"
    )


def run(arguments: Namespace) -> int:
    """Watch: a live table if standard output is a terminal, else lines."""
    broker, base = agent_of(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # anybody may publish a name that the terminal has no character for
        sys.stdout.reconfigure(errors="backslashreplace")
    if not (arguments.lines or arguments.json) and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        try:
            return _live(broker, base)
        except ModuleNotFoundError as error:
            if error.name != "rich":
                raise
            print(f"a live table needs rich; fix: {missing_extra_fix('watch')}; lines until then", file=sys.stderr)
    return watch(broker, base, out=sys.stdout, as_json=arguments.json)


def _live(broker: Broker, base: str | None) -> int:
    import rich  # noqa: F401  # before the broker is asked for anything

    from edge.watching.agent_subscriptions import ANY_BASE
    from edge.watching.live_watch import live_watch

    return live_watch(broker, base or ANY_BASE, out=sys.stdout)


def watch(broker: Broker, base: str | None, *, out: TextIO, as_json: bool = False) -> int:
    """Print a line per score, event, alarm that changes, dead letter and gateway state, until SIGINT or SIGTERM.

    Parameters
    ----------
    broker
        Broker to connect to.
    base
        The agent's base topic; ``None``: every one below ``davylamp``.
    out
        Stream to print to.
    as_json
        Whether each line is JSON: ``{"topic", "message"}``, of every message that is a JSON object.

    Returns
    -------
    int
        0.

    Raises
    ------
    BrokerError
        The broker cannot be reached.
    """
    from edge.mqtt.command_link import command_link
    from edge.stop import Stop
    from edge.watching.agent_subscriptions import ANY_BASE, agent_subscriptions

    subscriptions = agent_subscriptions(base or ANY_BASE, ("score", "event", "deadletter", "state", "alarm"))
    alarms: dict[str, tuple[Any, Any]] = {}
    with Stop() as stop, command_link(broker, "watch", subscriptions, stop) as link:
        while not stop.requested:
            messages = link.poll(5.0)
            for message in messages:
                line = _json_line(message) if as_json else describe(message, alarms)
                if line is not None:
                    print(line, file=out, flush=True)
            link.acknowledge(messages)
            link.flush()
    return 0


def describe(message: Message, alarms: dict[str, tuple[Any, Any]]) -> str | None:
    """Describe a message in one line; ``None`` when it holds nothing new or nothing of the agent's.

    Parameters
    ----------
    message
        Message on one of the agent's topics. Anybody may have published it, so nothing in it is trusted.
    alarms
        Alarm topic -> its last alarm and fault state; updated.
    """
    import msgspec

    levels = message.topic.split("/")
    kind, where = levels[-1], levels[-2]
    try:
        body = msgspec.json.decode(message.payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    if kind == "score":
        return _line(body.get("received"), where, _score(body))
    if kind == "event":
        by = f" by {body['by']}" if body.get("by") else ""
        culprit = f", most from {body['culprit']}" if body.get("culprit") else ""
        because = f", {body['closed_because']}" if body.get("closed_because") else ""
        readings = f"{body.get('count')} readings exceed, {body.get('id')}"
        what = f"{body.get('event_type')} {body.get('kind')}{by}{culprit}{because}"
        return _line(body.get("ts"), where, f"{what}: {readings}")
    if kind == "alarm":
        state = (body.get("alarm"), body.get("fault"))
        if alarms.get(message.topic) == state:
            return None
        alarms[message.topic] = state
        return _line(body.get("ts"), where, f"alarm {state[0]}, fault {state[1]}")
    if kind == "deadletter":
        at = f" at {body['at']}" if body.get("at") else ""
        return _line(body.get("received"), body.get("topic"), f"refused{at}: {body.get('reason')}")
    return _line(body.get("ts") or body.get("since"), where, f"gateway {body.get('state')}")


def _json_line(message: Message) -> str | None:
    """Return a message as one line of JSON, its body as it came; ``None`` when that is no JSON object."""
    import msgspec

    try:
        body = msgspec.json.decode(message.payload)
    except (ValueError, RecursionError):
        return None
    return msgspec.json.encode({"topic": message.topic, "message": body}).decode() if isinstance(body, dict) else None


def _score(body: dict[str, Any]) -> str:
    parts = [f"#{body.get('n')}", f"{body.get('state')}"]
    consistency, reconstruction, methane = (
        part if isinstance(part := body.get(name), dict) else {}
        for name in ("consistency", "reconstruction", "methane")
    )
    if consistency:
        parts.append(f"consistency {consistency.get('score')} ({consistency.get('culprit')})")
    if reconstruction:
        parts.append(f"reconstruction {reconstruction.get('score')}")
    unit = str(methane.get("unit") or "").strip("[]")
    level, inferred = methane.get("level"), methane.get("virtual")
    if level is not None:
        parts.append(f"methane {level} {unit} over {methane.get('background')}")
    elif inferred is not None:
        parts.append(f"virtual methane {inferred} {unit} over {methane.get('background')}")
    if methane.get("score") is not None:
        parts.append(f"onset {methane['score']}")
    if body.get("flags"):
        parts.append(f"flags {body['flags']}")
    parts += [word for word in ("late", "historical") if body.get(word)]
    return " ".join(parts)


def _line(time: object, where: object, text: str) -> str:
    line = f"{time or '-'} {where} {text}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
