"""PushSession: sends a bundle to a running agent, in chunks, and follows what becomes of it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from edge.clock import Clock
from edge.errors import BrokerError, RequestError
from edge.mqtt.link import Link
from edge.mqtt.topics import Topics
from edge.rollout.push_statement import PushStatement
from edge.rollout.signing_key import SigningKey

VERBS = ("model/offer", "model/chunk", "model/status", "info")
"""Verbs whose answers a session has to be subscribed to."""

_CHUNK = 9_000  # [B] of the file in a chunk, unless the broker has named another limit: 12 kB of base64
_LARGEST = 48_000  # [B] of the file in a chunk at most: the agent reads no longer requests
_AROUND = 250  # [B] of a chunk's request beside the base64
_AT_ONCE = 6  # chunks that are under way
_ASK_AGAIN = 2.0  # [s] without an answer after which a request is sent again
_POLL = 0.2  # [s] between two questions of what becomes of a bundle that is verified
Body = dict[str, Any]


class PushSession:
    """One file on its way to one agent. What is lost, is sent again; what has come, is not.

    Parameters
    ----------
    link
        The connection, subscribed to the answers of :data:`VERBS`.
    topics
        The agent's topics.
    clock
        Signs, and paces what is sent again.
    data, name
        The file, and its name.
    key
        Signs the push; ``None``: it is sent without a signature.
    patience
        Time without an answer after which it gives up [s].
    stop
        Returns whether a stop is requested.
    """

    def __init__(
        self,
        link: Link,
        topics: Topics,
        clock: Clock,
        data: bytes,
        name: str,
        *,
        key: SigningKey | None,
        patience: float,
        stop: Callable[[], bool],
    ) -> None:
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._link = link
        self._topics = topics
        self._clock = clock
        self._data = data
        self._name = name
        self._key = key
        self._patience = patience
        self._stop = stop
        self._marker = secrets.token_hex(4)
        self._asked = 0

    def push(self, station: str, *, shadow: int | None = None, force: bool = False) -> Body | None:
        """Push the file for a station.

        Parameters
        ----------
        station
            Name of the station.
        shadow
            Readings to score in shadow; ``None``: as the gateway's settings say.
        force
            Whether it may be older than the running one, or of a station of another name.

        Returns
        -------
        dict or None
            The station's models, once the file is verified or refused, or nothing has happened for long; ``None`` when
            a stop is requested.

        Raises
        ------
        RequestError
            The agent refuses it.
        BrokerError
            Nobody answers.
        """
        offer = self._offer(station, shadow, force=force)
        answer = self._ask("model/offer", offer)
        while answer is not None and answer["received"] < len(self._data):
            answer = self._ask("model/offer", offer) if self._send(answer["received"]) else None
        until = self._clock.monotonic() + self._patience
        while answer is not None:
            models = self.status(station)
            phase = models and models["waiting"] and models["waiting"]["phase"]
            if phase not in ("receiving", "verifying") or self._clock.monotonic() > until:
                return models
            self.wait(_POLL)
        return None

    def status(self, station: str) -> Body | None:
        """Return a station's models; ``None`` when a stop is requested."""
        return self._ask("model/status", {"station": station})

    def stations(self) -> list[str]:
        """Return every station that the agent knows; none when a stop is requested."""
        answer = self._ask("info", {})
        return [] if answer is None else list(answer["stations"])

    def _offer(self, station: str, shadow: int | None, *, force: bool) -> Body:
        statement = PushStatement(
            base=self._topics.base,
            station=station,
            sha256=self.sha256,
            size=len(self._data),
            file=self._name,
            issued=self._clock.now(),
            shadow=shadow,
            force=force,
        )
        signature = None if self._key is None else self._key.sign(statement)
        return {
            "station": station, "sha256": self.sha256, "bytes": len(self._data), "file": self._name,
            "issued": statement.issued, "shadow": shadow, "force": force, "signature": signature,
        }  # fmt: skip

    def _send(self, received: int) -> bool:
        """Send chunks from there on, until all have come or one gets lost; returns whether to go on."""
        sent = received
        under_way: deque[str] = deque()
        size = self._chunk_size()
        heard = self._clock.monotonic()
        while received < len(self._data):
            while len(under_way) < _AT_ONCE and sent < len(self._data) and not self._link.congested:
                part = base64.b64encode(self._data[sent : sent + size]).decode("ascii")
                body = {"sha256": self.sha256, "offset": sent, "data": part}
                under_way.append(self._publish("model/chunk", body))
                sent += size
            for transaction, answer in self._poll(0.5):
                if transaction in under_way:
                    under_way.remove(transaction)
                    received = max(received, _data_of(answer)["received"])
                    heard = self._clock.monotonic()
            if self._stop():
                return False
            if self._clock.monotonic() - heard > _ASK_AGAIN or (not under_way and sent >= len(self._data)):
                break  # the answer to another offer says how much has come
        return True

    def _chunk_size(self) -> int:
        room = self._link.payload_limit(self._topics.request("model/chunk"))
        return _CHUNK if room is None else max(300, min(_LARGEST, (room - _AROUND) * 3 // 4))

    def _ask(self, verb: str, body: Body) -> Body | None:
        """Send a request until it is answered; ``None`` when a stop is requested first."""
        deadline = self._clock.monotonic() + self._patience
        sent: list[str] = []
        again = 0.0
        while not self._stop():
            now = self._clock.monotonic()
            if now >= deadline:
                raise BrokerError(
                    f"no answer to {verb} within {self._patience:g} s; fix: start the agent, give its topic with "
                    "--base, or push again later: what has come is kept"
                )
            if now >= again and self._link.connected:
                sent.append(self._publish(verb, body))
                again = now + _ASK_AGAIN
            for transaction, answer in self._poll(min(0.5, max(0.0, again - now))):
                if transaction in sent:
                    return _data_of(answer)
        return None

    def _publish(self, verb: str, body: Body) -> str:
        self._asked += 1
        transaction = f"push-{self._marker}-{self._asked}"
        payload = msgspec.json.encode(body | {"transaction": transaction})
        self._link.publish(self._topics.request(verb), payload, qos=1)
        return transaction

    def wait(self, seconds: float) -> None:
        """Wait, and keep the connection alive [s]."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not self._stop():
            self._poll(left)

    def _poll(self, timeout: float) -> list[tuple[str, Body]]:
        """Take what has come: transactions and answers to us, also those that nobody waits for any more."""
        self._link.flush()
        messages = self._link.poll(timeout)
        found = []
        for message in messages:
            try:
                answer = msgspec.json.decode(message.payload)
            except (ValueError, RecursionError):
                continue
            transaction = answer.get("transaction") if isinstance(answer, dict) else None
            if not isinstance(transaction, str) or not transaction.startswith(f"push-{self._marker}-"):
                continue
            found.append((transaction, answer))
        self._link.acknowledge(messages)
        self._link.flush()
        for receipt in self._link.receipts():
            if receipt.refusal is not None:
                raise BrokerError(f"{receipt.topic}: {receipt.refusal}; fix: allow this user to write it")
        return found


def _data_of(answer: Body) -> Body:
    """Return the data of an answer; raises RequestError for a refusal."""
    data = answer.get("data")
    if answer.get("status") != "ok" or not isinstance(data, dict):
        raise RequestError(str(answer.get("error")))
    return data
