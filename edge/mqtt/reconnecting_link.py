"""Link: the MQTT connection of an agent or a command, on one thread, coming back by itself."""

from __future__ import annotations

import select
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from edge.clock import Clock, SystemClock
from edge.log import ONCE_A_MINUTE, Log
from edge.mqtt.connection import Connection
from edge.mqtt.link import Counts, Receipt, Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import (
    ANSWER_TIMEOUT,
    CONNECT_TIMEOUT,
    LOST,
    TAKEN_OVER,
    Backoff,
    Failure,
    Options,
    Protocol,
    again_and_again,
)
from edge.stop import Stop

_HELD = 10.0  # [s] after which a connection was a good one, and the next delays start short again
_SUSPICIOUS = 3  # short connections in a row: perhaps two clients of one name, who throw each other out
_TURN = 5.0  # [s] at which keepalive is looked after ...
_SILENT = 2.5  # keepalives without a word: after 2 the connection is given up; so that did not work either
_HURRY = 1.0  # [s] ... and, before the first answer, how long the broker takes with it


class ReconnectingLink:
    """A :class:`~edge.mqtt.link.Link` over paho: one :class:`~edge.mqtt.connection.Connection` after another.

    Parameters
    ----------
    options
        Where and as whom to connect.
    subscriptions
        What to subscribe to on every connection.
    unsubscribe
        Filters that a kept session may still hold and that nobody wants any more: a connection is ready when the
        broker has confirmed that they are gone.
    will
        Topic and payload that the broker publishes, retained, when we are gone without a word.
    stop
        Wakes :meth:`poll`, and ends a connect that hangs.
    clock, random
        Seams for tests.
    """

    def __init__(
        self,
        options: Options,
        subscriptions: Sequence[Subscription] = (),
        *,
        unsubscribe: Sequence[str] = (),
        will: tuple[str, bytes] | None = None,
        stop: Stop | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self.counts = Counts()
        self.failure: Failure | None = None
        self._options = options
        self._subscriptions = tuple(subscriptions)
        wanted = {each.filter for each in self._subscriptions}
        self._unsubscribe = tuple(each for each in unsubscribe if each not in wanted)
        self._held = False
        self._will = will
        self._stop = stop or Stop()
        self._clock = clock or SystemClock()
        self._log = Log("link", self._clock)
        self._backoff = Backoff(random or Random())  # noqa: S311  # jitter, no secret
        self._session: Connection | None = None
        self._number = 0
        self._told = 0
        self._protocols: tuple[Protocol, ...] = options.protocols
        self._next_try = self._clock.monotonic()
        self._tried_at = self._next_try
        self._tries = self._short = 0
        self._said: str | None = None
        self._said_at = 0.0

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and nothing says that it is gone."""
        return self._session is not None and self._session.accepted_at is not None

    @property
    def trying(self) -> bool:
        """Whether the next try follows at once, in an older protocol."""
        return self._protocols is not self._options.protocols

    @property
    def protocol(self) -> Protocol | None:
        """Protocol version while connected."""
        return self._session.protocol if self._session is not None and self.connected else None

    @property
    def in_flight(self) -> int:
        """QoS 1 publications without an answer yet."""
        return len(self._session.in_flight) if self._session is not None else 0

    @property
    def congested(self) -> bool:
        """Whether so much waits for the socket that nothing is read any more."""
        return self._session is not None and self._session.congested

    @property
    def alive(self) -> bool:
        """Whether there is progress: something was heard lately, or a connection was tried lately."""
        now = self._clock.monotonic()
        if self._session is not None and now - self._session.heard_at <= _SILENT * self._options.keepalive:
            return True
        return now - self._tried_at <= self._backoff.longest + CONNECT_TIMEOUT + ANSWER_TIMEOUT

    def hold(self, held: bool) -> None:
        """Hand out no message until told otherwise; see :meth:`edge.mqtt.link.Link.hold`."""
        self._held = held
        if self._session is not None:
            self._session.inbox.held = held

    def poll(self, timeout: float) -> list[Message]:
        """Take a turn: connect when it is due, wait at most ``timeout`` [s], read what is there."""
        if self._session is None:
            wait = self._next_try - self._clock.monotonic()
            if wait > 0:
                self._select([self._stop], [], min(timeout, wait))
                self._complain()
                return []
            self._dial()
            return []
        session = self._session
        reading = [self._stop] if session.congested else [self._stop, session.socket]
        writing = [session.socket] if session.wants_write else []
        waiting = session.pending or session.inbox.ready
        readable, writable = self._select(reading, writing, 0.0 if waiting else min(timeout, self._longest_wait))
        if writable:
            session.write()
        if session.socket in readable or session.pending:
            session.read()
        session.look_after()
        messages = session.inbox.take()
        self._settle()
        return messages

    @property
    def _longest_wait(self) -> float:
        if self._session is None or not self._session.ready:
            return _HURRY
        return min(_TURN, self._options.keepalive / 4)

    def became_ready(self) -> bool:
        """Tell once per connection that it is subscribed: the time to assert everything again."""
        if self._session is None or not self._session.ready or self._told == self._number:
            return False
        self._told = self._number
        return True

    def receipts(self) -> list[Receipt]:
        """Take the broker's answers to QoS 1 publications since the last call."""
        if self._session is None:
            return []
        receipts, self._session.receipts = self._session.receipts, []
        return receipts

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expiry: int | None = None,
        correlation: bytes | None = None,
        response_topic: str | None = None,
    ) -> int | None:
        """Queue a publication; see :meth:`edge.mqtt.link.Link.publish`."""
        if self._session is None or not self.connected:
            return None
        return self._session.publish(
            topic,
            payload,
            qos,
            retain=retain,
            expiry=expiry,
            correlation=correlation,
            response_topic=response_topic,
        )

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Queue the acks of messages, in the order in which they came; drop those of another connection."""
        if self._session is not None:
            self.counts.dropped_acks += self._session.acknowledge(messages)
        else:
            self.counts.dropped_acks += sum(message.qos for message in messages)

    def flush(self) -> None:
        """Write what is queued, as far as the socket takes it."""
        if self._session is not None:
            self._session.write()
            self._settle()

    def close(self, patience: float = 0.5) -> None:
        """Wait up to ``patience`` [s] for what is on its way, then say goodbye: no will, and no reconnecting."""
        deadline = self._clock.monotonic() + patience
        self.flush()
        while self._session is not None and self.connected and self._clock.monotonic() < deadline:
            if not self._session.wants_write and not self._session.in_flight:
                break
            self.poll(0.05)
        if self._session is not None:
            self._session.shut(farewell=True)
            self._session = None

    def _select(self, reading: list[Any], writing: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        readable, writable, _ = select.select(reading, writing, [], timeout)
        if self._stop in readable:
            self._stop.drain()
        return readable, writable

    def _dial(self) -> None:
        self._number += 1
        self._tried_at = self._clock.monotonic()
        session = self._session = Connection(
            self._options,
            self._protocols[0],
            self._number,
            subscriptions=self._subscriptions,
            unsubscribe=self._unsubscribe,
            will=self._will,
            counts=self.counts,
            clock=self._clock,
            log=self._log,
        )
        session.inbox.held = self._held
        if self._stop.interruptible(session.open) is None:
            session.shut(farewell=True)
            self._session = None
        self._settle()

    def _settle(self) -> None:
        """Look whether the connection held or ended, and plan the next one."""
        session = self._session
        if session is None:
            return
        now = self._clock.monotonic()
        failure = session.failure
        if failure is None:
            if session.accepted_at is not None and now - session.accepted_at > _HELD:
                self._backoff.reset()
                self.failure = self._said = None
                self._tries = self._short = 0
            return
        self._session = None
        if failure.event == TAKEN_OVER:
            self.counts.taken_over += 1
        elif failure.event == LOST and session.accepted_at is not None and now - session.accepted_at <= _HELD:
            self.counts.short += 1
            self._short += 1
            if self._short >= _SUSPICIOUS:
                failure = again_and_again(failure, self._options)
        self.failure = failure
        if failure.older and len(self._protocols) > 1:
            self._protocols = self._protocols[1:]
            self._next_try = now
            then = f"MQTT {self._protocols[0]} is tried"
            self._log.info(failure.event, broker=self._options.address, detail=failure.detail, then=then)
            return
        # The next connection begins with the newest protocol again: a broker that was just starting is no old broker.
        self._protocols = self._options.protocols
        self._next_try = now + self._backoff.delay(slow=failure.slow)
        self._tries += 1
        self._complain()

    def _complain(self) -> None:
        """Say why there is no connection: at once, and then once a minute."""
        failure, now = self.failure, self._clock.monotonic()
        if failure is None or (failure.event == self._said and now - self._said_at < ONCE_A_MINUTE):
            return
        self._said, self._said_at = failure.event, now
        say = self._log.error if failure.slow else self._log.warning
        next_try = max(0.0, self._next_try - now)
        say(failure.event, broker=self._options.address, detail=failure.detail, tries=self._tries, next_try_s=next_try)
