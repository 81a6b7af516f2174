"""The link of an agent or a command over MQTT, on one thread, re-established when it is lost."""

from __future__ import annotations

import select
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from edge.backoff import Backoff
from edge.clock import Clock, SystemClock
from edge.log import Log
from edge.mqtt.connection import Connection
from edge.mqtt.failure_log import FailureLog
from edge.mqtt.failures import LOST, LOST_AGAIN, TAKEN_OVER, Failure, explained, lost_repeatedly
from edge.mqtt.link import Counts, Receipt, Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import ANSWER_TIMEOUT, CONNECT_TIMEOUT, Options, ProtocolVersion
from edge.mqtt.packet_limit import PacketLimit
from edge.stop import Stop

_FIRST_DELAY, _SLOW = 1.0, 60.0  # [s] before the next try: upper bound of a random delay, which doubles up to ...
_FAR, _NEAR = 45.0, 3.0  # [s] ... one of these: found within 60 s far away, and within 5 s on this machine
_STABLE = 10.0  # [s] after which a connection counts as stable, and the next delays start short again
_SHORT_IN_A_ROW = 3  # short connections in a row that suggest two clients with one id, which displace each other
_MAX_WAIT = 5.0  # [s] in a turn, so that keepalive is maintained ...
_MAX_WAIT_UNTIL_READY = 1.0  # [s] ... and the answer timeout, until the broker has confirmed the subscriptions
_MAX_SILENCE = 2.5  # [keepalives] until not alive: paho gives up after 2, so at 2.5 that has failed too


class ReconnectingLink:
    """A :class:`~edge.mqtt.link.Link` over paho: one :class:`~edge.mqtt.connection.Connection` after another.

    Parameters
    ----------
    options
        Address, login and limits.
    subscriptions
        Subscriptions of every connection.
    unsubscribe
        Filters that a kept session may still hold and that are no longer needed; a connection is ready once the broker
        has confirmed their removal.
    will
        Topic and payload that the broker publishes, retained, when a connection ends without a DISCONNECT.
    stop
        Wakes :meth:`poll`, and interrupts a connect that hangs.
    clock, random
        Injected by tests.

    Attributes
    ----------
    counts : Counts
        Counts over all connections.
    failure : Failure or None
        Why there is no connection, or why the last one ended; ``None`` once a connection is stable.
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
        self._held = self._near = False
        self._will = will
        self._stop = stop or Stop()
        self._clock = clock or SystemClock()
        self._log = Log("link", self._clock)
        self._failures = FailureLog(self._log, options.address)
        self._limit = PacketLimit(self._clock, self._log)
        self._backoff = Backoff(_FIRST_DELAY, _SLOW, random or Random())  # noqa: S311  # jitter, no secret
        self._connection: Connection | None = None
        self._number = 0
        self._announced = 0
        self._protocols: tuple[ProtocolVersion, ...] = options.protocols
        self._next_try = self._clock.monotonic()
        self._tried_at = self._next_try
        self._short = 0

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection and it has not ended since."""
        return self._connection is not None and self._connection.accepted_at is not None

    @property
    def falling_back(self) -> bool:
        """Whether the next try follows at once, with an older protocol."""
        return self._protocols is not self._options.protocols

    @property
    def protocol(self) -> ProtocolVersion | None:
        """Protocol version while connected."""
        return self._connection.protocol if self._connection is not None and self.connected else None

    @property
    def refused(self) -> list[str]:
        """Filters of the subscriptions that the broker refuses."""
        return [] if self._connection is None else self._connection.refused

    @property
    def lacks(self) -> list[str]:
        """What the broker says that it lacks of what davylamp needs, each with the fix."""
        return [] if self._connection is None else self._connection.lacks

    @property
    def in_flight(self) -> int:
        """Number of QoS 1 publications that the broker has not answered yet."""
        return self._connection.sending.in_flight if self._connection is not None else 0

    @property
    def congested(self) -> bool:
        """Whether so much is queued that nothing more should be published for now."""
        return self._connection is not None and self._connection.congested

    @property
    def alive(self) -> bool:
        """Whether there is progress: something was received recently, or a connection was tried recently."""
        now = self._clock.monotonic()
        if self._connection is not None and now - self._connection.read_at <= _MAX_SILENCE * self._options.keepalive:
            return True
        return now - self._tried_at <= self._backoff.longest + CONNECT_TIMEOUT + ANSWER_TIMEOUT

    def hold(self, held: bool) -> None:
        """Stop handing out messages, or resume; see :meth:`edge.mqtt.link.Link.hold`."""
        self._held = held
        if self._connection is not None:
            self._connection.inbox.held = held

    def poll(self, timeout: float) -> list[Message]:
        """Take a turn: connect when it is due, wait at most ``timeout`` [s], read what has arrived."""
        if self._connection is None:
            wait = self._next_try - self._clock.monotonic()
            if wait > 0:
                self._select([self._stop], [], min(timeout, wait))
                self._failures.remind(self.failure, self._next_try)
                return []
            self._dial()
            return []
        connection = self._connection
        reading = [self._stop, connection.socket] if connection.reads else [self._stop]
        writing = [connection.socket] if connection.wants_write else []
        waiting = connection.pending or connection.inbox.ready
        readable, writable = self._select(reading, writing, 0.0 if waiting else min(timeout, self._longest_wait))
        if writable:
            connection.write()
        if connection.socket in readable or connection.pending:
            connection.read()
        connection.maintain()
        messages = connection.inbox.take()
        self._check_connection()
        return messages

    @property
    def _longest_wait(self) -> float:
        if self._connection is None or not self._connection.ready:
            return _MAX_WAIT_UNTIL_READY
        return min(_MAX_WAIT, self._options.keepalive / 4)

    def became_ready(self) -> bool:
        """Return true once per connection, when it is subscribed; see :meth:`edge.mqtt.link.Link.became_ready`."""
        if self._connection is None or not self._connection.ready or self._announced == self._number:
            return False
        self._announced = self._number
        return True

    def receipts(self) -> list[Receipt]:
        """Return the broker's answers to QoS 1 publications since the last call."""
        if self._connection is None:
            return []
        sending = self._connection.sending
        receipts, sending.receipts = sending.receipts, []
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
        if self._connection is None or not self.connected:
            return None
        return self._connection.publish(
            topic, payload, qos, retain=retain, expiry=expiry, correlation=correlation, response_topic=response_topic
        )

    def payload_limit(self, topic: str, correlation: bytes | None = None) -> int | None:
        """Return the largest payload [B] for a topic; see :meth:`edge.mqtt.link.Link.payload_limit`."""
        return self._limit.payload(topic, correlation)

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Queue the acks of messages, in the order of their arrival; drop those of an earlier connection."""
        if self._connection is not None:
            self.counts.dropped_acks += self._connection.acknowledge(messages)
        else:
            self.counts.dropped_acks += sum(message.qos for message in messages)

    def flush(self) -> None:
        """Write what is queued, as far as the socket takes it."""
        if self._connection is not None:
            self._connection.write()
            self._check_connection()

    def close(self, patience: float = 0.5) -> None:
        """Wait up to ``patience`` [s] for what is in flight, then disconnect for good, without the will."""
        deadline = self._clock.monotonic() + patience
        self.flush()
        while self._connection is not None and self.connected and self._clock.monotonic() < deadline:
            if not self._connection.wants_write and not self._connection.sending.in_flight:
                break
            self.poll(0.05)
        if self._connection is not None:
            self._connection.close(disconnect=True)
            self._connection = None

    def _select(self, reading: list[Any], writing: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        readable, writable, _ = select.select(reading, writing, [], timeout)
        if self._stop in readable:
            self._stop.drain()
        return readable, writable

    def _dial(self) -> None:
        self._number += 1
        self._tried_at = self._clock.monotonic()
        connection = self._connection = Connection(
            self._options,
            self._protocols[0],
            self._number,
            subscriptions=self._subscriptions,
            unsubscribe=self._unsubscribe,
            will=self._will,
            counts=self.counts,
            limit=self._limit,
            clock=self._clock,
            log=self._log,
        )
        connection.inbox.held = self._held
        if self._stop.interruptible(connection.open) is None:
            connection.close(disconnect=True)
            self._connection = None
        if connection.near is not None:
            self._near = connection.near
        self._check_connection()

    def _check_connection(self) -> None:
        """Note whether the connection is stable, or has ended; then schedule the next one."""
        connection = self._connection
        if connection is None:
            return
        now = self._clock.monotonic()
        failed = connection.failure
        if failed is None:
            if connection.accepted_at is not None and now - connection.accepted_at > _STABLE:
                self._backoff.reset()
                self._failures.clear()
                self.failure, self._short = None, 0
            return
        self._connection = None
        failure = self._stop.interruptible(lambda: explained(failed, self._options)) or failed
        if failure.event == TAKEN_OVER:
            self.counts.taken_over += 1
        elif failure.event == LOST and connection.accepted_at is not None and now - connection.accepted_at <= _STABLE:
            self.counts.short += 1
            self._short += 1
            if self._short >= _SHORT_IN_A_ROW:
                failure = self._stop.interruptible(lambda: lost_repeatedly(failed, self._options)) or failed
        self.failure = failure
        if failure.older and len(self._protocols) > 1:
            self._protocols = self._protocols[1:]
            self._next_try = now
            then = f"MQTT {self._protocols[0]} is tried"
            self._log.info(failure.event, broker=self._options.address, detail=failure.detail, then=then)
            return
        # The next try begins with the newest protocol again: a broker that was still starting need not be an old one.
        self._protocols = self._options.protocols
        most = _NEAR if self._near and failure.event != LOST_AGAIN else _FAR
        self._next_try = self._clock.monotonic() + self._backoff.next_delay(slow=failure.slow, most=most)
        self._failures.add(failure, self._next_try)
