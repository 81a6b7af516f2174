"""BrokerCleanup: removes what an agent that is gone has left at the broker: retained topics and its session."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from config.settings.gateway import Gateway
from edge.clock import Clock, SystemClock
from edge.discovery.identifiers import device_in, is_of_gateway
from edge.errors import BrokerError
from edge.journal.lock import take_lock
from edge.mqtt.link import Subscription
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.mqtt.topics import Topics
from edge.stop import Stop

_ANSWER = 15.0  # [s] for the broker to connect, and to confirm everything
_QUIET = 1.0  # [s] without a retained message: there is no other
_AT_ONCE = 50  # publications that wait for the broker


class BrokerCleanup:
    """Removes the retained topics of one agent, and its session.

    Parameters
    ----------
    gateway
        The agent's settings. Its client id is used: so its session is the one that ends.
    clock
        Ends the waiting.
    """

    def __init__(self, gateway: Gateway, clock: Clock | None = None) -> None:
        self._gateway = gateway
        self._clock = clock or SystemClock()
        self._topics = Topics(gateway.topics.base)
        self._discovery = gateway.home_assistant

    def run(self, out: TextIO) -> None:
        """Remove them, and print what was removed.

        Raises
        ------
        BrokerError
            The broker cannot be reached, or refuses.
        JournalError
            The agent is running.
        """
        journal = Path(self._gateway.journal.path)
        lock = take_lock(journal) if journal.exists() else -1
        try:
            known = {self._topics.state, self._topics.info, *_journalled(journal)}
            with Stop() as stop:
                with self._link(stop) as link:
                    found = self._retained(link, stop)
                    self._clear(link, stop, found | known)
                with self._link(stop) as link:
                    left = self._retained(link, stop)
        finally:
            if lock >= 0:
                os.close(lock)
        if left:
            raise BrokerError(f"{', '.join(sorted(left))}: still retained; fix: run this again")
        for topic in sorted(found):
            out.write(f"{topic}: no longer retained\n")
        broker = self._gateway.broker
        out.write(f"{broker.host}:{broker.port}: the session of {broker.client_id} is gone\n")

    @contextmanager
    def _link(self, stop: Stop) -> Iterator[ReconnectingLink]:
        broker = self._gateway.broker
        # Session expiry 0 with the agent's own client id: the broker discards the session, and what waits in it.
        options = Options.from_settings(broker, client_id=broker.client_id, session_expiry=0)
        filters = (f"{self._topics.base}/#", self._discovery.configurations)
        link = ReconnectingLink(options, [Subscription(each, retained=True) for each in filters], stop=stop)
        deadline = self._clock.monotonic() + _ANSWER
        try:
            while not link.connected:
                link.poll(0.2)
                failure = link.failure
                if failure is not None and not (failure.older and link.falling_back):
                    raise BrokerError(f"{options.address}: {failure.event}: {failure.detail}")
                if stop.requested or self._clock.monotonic() > deadline:
                    raise BrokerError(f"{options.address}: no answer within {_ANSWER:g} s; fix: check the broker")
            yield link
        finally:
            link.close()

    def _retained(self, link: ReconnectingLink, stop: Stop) -> set[str]:
        """Listen until nothing retained comes any more; a login that may not read finds nothing."""
        found: set[str] = set()
        deadline = self._clock.monotonic() + _ANSWER
        quiet = self._clock.monotonic() + _QUIET
        while not stop.requested and self._clock.monotonic() < min(quiet, deadline):
            messages = link.poll(0.1)
            for message in messages:
                if message.payload and self._is_ours(message.topic):
                    found.add(message.topic)
                    quiet = self._clock.monotonic() + _QUIET
            link.acknowledge(messages)
            link.flush()
        return found

    def _clear(self, link: ReconnectingLink, stop: Stop, topics: set[str]) -> None:
        # Devices of Home Assistant go first: it must not take the end of a topic for a message.
        waiting, open_topics = sorted(topics, key=lambda topic: (self._is_device(topic), topic)), set(topics)
        deadline = self._clock.monotonic() + _ANSWER
        refused: dict[str, str] = {}
        while open_topics:
            while waiting and link.in_flight < _AT_ONCE and link.publish(waiting[-1], b"", qos=1, retain=True):
                waiting.pop()
            link.flush()
            link.acknowledge(link.poll(0.1))
            for receipt in link.receipts():
                open_topics.discard(receipt.topic)
                if receipt.refusal is not None:
                    refused[receipt.topic] = receipt.refusal
            if stop.requested or self._clock.monotonic() > deadline:
                raise BrokerError(
                    f"{', '.join(sorted(open_topics)[:3])}: not confirmed within {_ANSWER:g} s; fix: run this again"
                )
        if refused:
            topic, reason = next(iter(sorted(refused.items())))
            raise BrokerError(f"{topic}: the broker refuses what we publish: {reason}; fix: let this user write there")

    def _is_device(self, topic: str) -> bool:
        device = device_in(topic, self._discovery.root)
        return device is not None and is_of_gateway(device, self._gateway.gateway)

    def _is_ours(self, topic: str) -> bool:
        if self._is_device(topic):
            return True
        levels = topic.removeprefix(f"{self._topics.base}/").split("/")
        if len(levels) == 1:
            return topic in (self._topics.state, self._topics.info)
        return len(levels) == 2 and topic in self._topics.retained_of(levels[0])


def _journalled(path: Path) -> set[str]:
    """Return the topics that a journal has as retained; the broker is asked as well, so a damaged file is no loss."""
    if not path.exists():
        return set()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as db:
            return {topic for (topic,) in db.execute("select topic from retained")}
    except sqlite3.Error:
        return set()
