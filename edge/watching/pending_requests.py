"""Sends the requests of a live table, and finds their answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import msgspec

from edge.clock import Clock
from edge.mqtt.link import Link
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.watching.alarm_keys import AlarmRequest

_PATIENCE = 10.0  # [s] for an answer


@dataclass
class PendingRequests:
    """Requests that nobody has answered yet, and a sentence about the last that was.

    Parameters
    ----------
    link
        Link to the broker.
    clock
        Ends the waiting for an answer.

    Attributes
    ----------
    news : str
        What became of the last request.
    bad : bool
        Whether that was not what was asked for.
    """

    link: Link
    clock: Clock
    news: str = ""
    bad: bool = False
    _waiting: dict[str, tuple[AlarmRequest, float]] = field(default_factory=dict)

    def send(self, request: AlarmRequest) -> None:
        """Send a request."""
        transaction = secrets.token_hex(8)
        body = msgspec.json.encode({**request.body, "transaction": transaction})
        if self.link.publish(Topics(request.base).request(request.verb), body, qos=1) is None:
            self._say(f"{request.verb} is not sent: there is no connection to the broker", bad=True)
            return
        self._waiting[transaction] = request, self.clock.monotonic() + _PATIENCE
        self._say(f"{request.verb} is sent")

    def take(self, message: Message) -> bool:
        """Take in a message if it is the answer to a request of ours."""
        try:
            answer = msgspec.json.decode(message.payload, type=dict[str, object])
        except (ValueError, RecursionError):
            return False
        waiting = self._waiting.pop(str(answer.get("transaction")), None)
        if waiting is None:
            return False
        request = waiting[0]
        if answer.get("status") == "ok":
            self._say(request.done)
        else:
            self._say(f"{request.verb}: {answer.get('error')}", bad=True)
        return True

    def settle(self) -> bool:
        """Report what the broker refused and what was not answered in time; returns whether there is news."""
        before = self.news
        for receipt in self.link.receipts():
            if receipt.refusal is not None:
                self._waiting.clear()
                self._say(f"{receipt.topic}: {receipt.refusal}; fix: allow this user to write it", bad=True)
        for transaction, (request, deadline) in list(self._waiting.items()):
            if self.clock.monotonic() > deadline:
                del self._waiting[transaction]
                self._say(f"{request.verb}: no answer within {_PATIENCE:g} s; fix: start the agent", bad=True)
        return self.news != before

    def _say(self, sentence: str, *, bad: bool = False) -> None:
        self.news, self.bad = sentence, bad
