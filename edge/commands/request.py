"""request: ask the agent something, and print what it answers."""

from __future__ import annotations

import secrets
from typing import Any, TextIO

import msgspec

from config.settings.broker import Broker
from edge.clock import SystemClock
from edge.commands.watch import ANY
from edge.errors import BrokerError, RequestError
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.stop import Stop

_PATIENCE = 10.0  # [s] for each part of the answer
_LOOK = 1.0  # [s] for the retained states of gateways


def request(broker: Broker, base: str | None, verb: str, body: str, *, out: TextIO) -> int:
    """Send a request and print the answer, its parts put together: JSON, or with ``format: csv`` the rows alone.

    Parameters
    ----------
    broker
        Where the agent is.
    base
        The agent's base topic; ``None``: of the one gateway below ``davylamp`` that is online.
    verb, body
        The request, and what goes with it: a JSON object.
    out
        Where to print.

    Returns
    -------
    int
        0, or 1 when the answer is an error or was interrupted.

    Raises
    ------
    RequestError
        ``body`` is no JSON object, or it is not clear which gateway is meant.
    BrokerError
        The broker cannot be reached or refuses the request, or nobody answers within 10 s.
    """
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"got {body[:60]!r}, expected a JSON object: {error}") from error
    if not isinstance(document, dict):
        raise RequestError(f"got {body[:60]!r}, expected a JSON object")
    document.setdefault("transaction", secrets.token_hex(8))
    with Stop() as stop:
        topics = Topics(base or _find(broker, stop))
        with command_link(broker, "request", [Subscription(topics.response(verb))], stop) as link:
            link.publish(topics.request(verb), msgspec.json.encode(document), qos=1)
            link.flush()
            answer = _collect(link, document["transaction"], stop)
    if answer is None:
        return 1
    data = answer.get("data")
    if isinstance(data, dict) and isinstance(data.get("rows"), str):
        print(data["rows"], end="", file=out)
    else:
        print(msgspec.json.encode(answer).decode(), file=out)
    return 0 if answer["status"] == "ok" else 1


def _find(broker: Broker, stop: Stop) -> str:
    """Base topic of the only gateway that is online."""
    clock = SystemClock()
    online: set[str] = set()
    with command_link(broker, "request", [Subscription(f"{ANY}/state", retained=True)], stop) as link:
        deadline = clock.monotonic() + _LOOK
        while not stop.requested and clock.monotonic() < deadline:
            messages = link.poll(0.1)
            for message in messages:
                if b'"online"' in message.payload:
                    online.add(message.topic.removesuffix("/state"))
            link.acknowledge(messages)
    if len(online) != 1:
        raise RequestError(f"online: {', '.join(sorted(online)) or 'no gateway'}; fix: say which with --base")
    return online.pop()


def _collect(link: ReconnectingLink, transaction: object, stop: Stop) -> dict[str, Any] | None:
    """Wait for all parts of an answer; ``None`` when somebody stops us."""
    clock = SystemClock()
    whole: dict[str, Any] | None = None
    deadline = clock.monotonic() + _PATIENCE
    while not stop.requested:
        messages = link.poll(0.5)
        for message in messages:
            answer = _read(message.payload)
            if answer.get("transaction") != transaction or "status" not in answer:
                continue
            deadline = clock.monotonic() + _PATIENCE
            data = answer.get("data")
            if not isinstance(data, dict) or "parts" not in data:
                return answer
            part, parts = data.pop("part"), data.pop("parts")
            if whole is None:
                whole = answer
            else:
                whole["data"]["rows"] += data["rows"]
            if part == parts:
                return whole
        link.acknowledge(messages)
        link.flush()
        for receipt in link.receipts():
            if receipt.refusal is not None:
                raise BrokerError(f"{receipt.topic}: {receipt.refusal}; fix: allow this user to write it")
        if clock.monotonic() > deadline:
            raise BrokerError(f"no answer within {_PATIENCE:g} s; fix: start the agent, or say its topic with --base")
    return None


def _read(payload: bytes) -> dict[str, Any]:
    """What somebody published where answers go; empty when it is no object."""
    try:
        answer = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
