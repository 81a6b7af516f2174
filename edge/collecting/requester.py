"""Asks an agent again until it answers, whatever is killed in between."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from edge.clock import Clock, SystemClock
from edge.errors import BrokerError, RequestError
from edge.mqtt.link import Link
from edge.mqtt.topics import Topics
from edge.stop import Stop

_AGAIN = 3.0  # [s] without an answer after which a request is sent again
_PATIENCE = 60.0  # [s] without any after which the agent is given up: a service that was killed is back by then
_POLL = 0.5  # [s]


class Requester:
    """Sends requests whose answers change nothing, so that they can be sent twice.

    Parameters
    ----------
    link
        A connection that is subscribed to the responses.
    topics
        Topics of the agent.
    stop
        Ends the waiting.
    clock
        Times the tries.
    """

    def __init__(self, link: Link, topics: Topics, stop: Stop, clock: Clock | None = None) -> None:
        self._link = link
        self._topics = topics
        self._stop = stop
        self._clock = clock or SystemClock()

    def ask(self, verb: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """Send a request and yield ``data`` of each part of its answer, the parts in order and each once.

        Raises
        ------
        RequestError
            The agent refuses it.
        BrokerError
            The broker refuses it, or nobody answers for a minute.
        KeyboardInterrupt
            A stop was requested.
        """
        given_up = self._clock.monotonic() + _PATIENCE
        expected, parts = 1, 1
        while expected <= parts:
            transaction = secrets.token_hex(8)
            body = msgspec.json.encode({**fields, "transaction": transaction})
            sent = self._link.connected and self._link.publish(self._topics.request(verb), body, qos=1) is not None
            again = self._clock.monotonic() + _AGAIN
            while expected <= parts and self._clock.monotonic() < again:
                for data in self._answers(verb, transaction):
                    if data.get("part", 1) != expected:
                        continue  # it came before the request was sent again, or one is missing before it
                    expected, parts = expected + 1, data.get("parts", 1)
                    again, given_up = self._clock.monotonic() + _AGAIN, self._clock.monotonic() + _PATIENCE
                    yield data
                if not sent and self._link.connected:
                    break
            if self._clock.monotonic() > given_up:
                raise BrokerError(
                    f"{self._topics.base}: no answer within {_PATIENCE:g} s; fix: start the agent, or name it with "
                    "--base; what was fetched so far is kept"
                )

    def _answers(self, verb: str, transaction: str) -> Iterator[dict[str, Any]]:
        """Wait a moment; yield what has been answered to a request."""
        self._link.flush()
        messages = self._link.poll(_POLL)
        if self._stop.requested:
            raise KeyboardInterrupt
        self._link.acknowledge(messages)
        for receipt in self._link.receipts():
            if receipt.refusal is not None:
                raise BrokerError(f"{receipt.topic}: {receipt.refusal}; fix: allow this user to write it")
        for message in messages:
            if message.topic != self._topics.response(verb):
                continue
            try:
                answer = msgspec.json.decode(message.payload)
            except ValueError:
                continue
            if not isinstance(answer, dict) or answer.get("transaction") != transaction:
                continue
            if answer.get("status") != "ok":
                error = str(answer.get("error"))
                fix = "; fix: its davylamp is older; upgrade it" if error.startswith("unknown request") else ""
                raise RequestError(f"{self._topics.base}: {error}{fix}")
            if isinstance(answer.get("data"), dict):
                yield answer["data"]
