"""request: send the agent a request, and print its answer."""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from config.arguments import add_agent, agent_of
from edge.agent.request_verbs import REQUEST_VERBS
from edge.clock import SystemClock
from edge.errors import BrokerError, RequestError

if TYPE_CHECKING:
    from config.settings.broker import Broker
    from edge.mqtt.link import Link
    from edge.stop import Stop

EXAMPLE = "davylamp request synthesize n=100 seed=7 format=csv"

_ANSWER_TIMEOUT = 10.0  # [s] for each part of the answer
_DISCOVERY = 1.0  # [s] to wait for the retained states of gateways


class _Suggested(tuple[str, ...]):
    """Verbs that the completion of a shell offers; a newer agent may have others, and an older one answers itself."""

    __slots__ = ()

    def __contains__(self, word: object) -> bool:
        return True


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``davylamp request``."""
    lines = [f"\n{name}: {verb.sentence}\n  " + "\n  ".join(verb.examples) for name, verb in REQUEST_VERBS.items()]
    parser.description = "\n".join((parser.description or "", *lines))
    parser.add_argument("name", metavar="VERB", choices=_Suggested(REQUEST_VERBS), help=", ".join(REQUEST_VERBS))
    parser.add_argument(
        "words", nargs="*", metavar="KEY=VALUE", help="a field; a dot leads into an object; or all of them as JSON"
    )
    add_agent(parser)


def run(arguments: Namespace) -> int:
    """Send the request and print the answer to standard output."""
    broker, base = agent_of(arguments)
    return request(broker, base, arguments.name, arguments.words, out=sys.stdout)


def left_behind(_: Namespace) -> str:
    """Say what is left of an interrupted request."""
    return "the agent may still carry out what was sent"


def request(broker: Broker, base: str | None, verb: str, words: Sequence[str], *, out: TextIO) -> int:
    """Send a request and print the answer, its parts put together: JSON, or with ``format: csv`` the rows alone.

    Parameters
    ----------
    broker
        The agent's broker.
    base
        The agent's base topic; ``None``: that of the only gateway below ``davylamp`` that is online.
    verb
        Name of the request.
    words
        Its fields, see :func:`edge.agent.request_words.parse_words`.
    out
        Stream to print to.

    Returns
    -------
    int
        0, or 1 when the answer is an error.

    Raises
    ------
    RequestError
        ``words`` are no fields, ``verb`` cannot be part of a topic, or without ``base`` not exactly one gateway is
        online.
    BrokerError
        The broker cannot be reached or refuses the request, or nobody answers within 10 s.
    KeyboardInterrupt
        A signal has come before the answer.
    """
    import msgspec

    from edge.agent.request_words import parse_words
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.mqtt.topics import Topics
    from edge.stop import Stop

    if not verb or any(each in "+#\0" or "\ud800" <= each <= "\udfff" for each in verb):
        raise RequestError(f"got the request {verb[:64]!r}, expected one of {', '.join(REQUEST_VERBS)}")
    document = parse_words(verb, words)
    document.setdefault("transaction", secrets.token_hex(8))
    with Stop() as stop:
        topics = Topics(base or find_base(broker, stop))
        with command_link(broker, "request", [Subscription(topics.response(verb))], stop) as link:
            link.publish(topics.request(verb), msgspec.json.encode(document), qos=1)
            link.flush()
            answer = _collect(link, document["transaction"], stop)
    if answer is None:
        raise KeyboardInterrupt
    data = answer.get("data")
    if isinstance(data, dict) and isinstance(data.get("rows"), str):
        print(data["rows"], end="", file=out)
    else:
        text = msgspec.json.encode(answer)
        print((msgspec.json.format(text, indent=2) if out.isatty() else text).decode(), file=out)
    return 0 if answer["status"] == "ok" else 1


def find_base(broker: Broker, stop: Stop) -> str:
    """Find the base topic of the only gateway that is online."""
    from edge.mqtt.command_link import command_link
    from edge.mqtt.link import Subscription
    from edge.watching.agent_subscriptions import ANY_BASE

    clock = SystemClock()
    online: set[str] = set()
    with command_link(broker, "request", [Subscription(f"{ANY_BASE}/state", retained=True)], stop) as link:
        deadline = clock.monotonic() + _DISCOVERY
        while not stop.requested and clock.monotonic() < deadline:
            messages = link.poll(0.1)
            for message in messages:
                if b'"online"' in message.payload:
                    online.add(message.topic.removesuffix("/state"))
            link.acknowledge(messages)
    if stop.requested:
        raise KeyboardInterrupt
    if len(online) != 1:
        raise RequestError(f"online: {', '.join(sorted(online)) or 'no gateway'}; fix: name one with --base")
    return online.pop()


def _collect(link: Link, transaction: object, stop: Stop) -> dict[str, Any] | None:
    """Wait for all parts of an answer and join them; ``None`` when a stop is requested first."""
    clock = SystemClock()
    joined: dict[str, Any] | None = None
    deadline = clock.monotonic() + _ANSWER_TIMEOUT
    while not stop.requested:
        messages = link.poll(0.5)
        for message in messages:
            answer = _decode(message.payload)
            if answer.get("transaction") != transaction or "status" not in answer:
                continue
            deadline = clock.monotonic() + _ANSWER_TIMEOUT
            data = answer.get("data")
            if not isinstance(data, dict) or "parts" not in data:
                return answer
            part, parts = data.pop("part"), data.pop("parts")
            if joined is None:
                joined = answer
            else:
                joined["data"]["rows"] += data["rows"]
            if part == parts:
                return joined
        link.acknowledge(messages)
        link.flush()
        for receipt in link.receipts():
            if receipt.refusal is not None:
                raise BrokerError(f"{receipt.topic}: {receipt.refusal}; fix: allow this user to write it")
        if clock.monotonic() > deadline:
            raise BrokerError(
                f"no answer within {_ANSWER_TIMEOUT:g} s; fix: start the agent, or give its topic with --base"
            )
    return None


def _decode(payload: bytes) -> dict[str, Any]:
    """Decode what was published on the response topic; empty when it is no JSON object."""
    import msgspec

    try:
        answer = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
