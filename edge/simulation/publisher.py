"""Publishes readings at QoS 1, as a station would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from config.errors import ConfigError
from config.topic_filters import STATION_LEVEL, strip_share, topic_fault
from edge.clock import Clock, rfc3339
from edge.errors import BrokerError
from edge.mqtt.link import Link
from edge.mqtt.topics import station_problem
from edge.stop import Stop

_WINDOW = 200  # readings that may wait for their PUBACK
_DRAIN_TIMEOUT = 10.0  # [s] for the last PUBACKs
_MAX_WAIT = 0.2  # [s] in a turn, after which the condition waited for is checked again


class Publisher:
    """Publishes readings over a link until the broker has acknowledged each of them.

    The link takes its turns inside :meth:`publish`, :meth:`wait` and :meth:`drain`. When its connection is lost they
    wait for the next one and send again what was not acknowledged, so a reading may arrive twice, with the same bytes.

    Parameters
    ----------
    link
        Link to the broker.
    stop
        Ends every wait except the one for the last PUBACKs.
    clock
        Clock that measures the waits.
    """

    def __init__(self, link: Link, stop: Stop, clock: Clock) -> None:
        self._link = link
        self._stop = stop
        self._clock = clock
        self._pending: dict[int, tuple[str, bytes]] = {}  # packet identifier -> unacknowledged, oldest first
        link.became_ready()  # on the first connection there is nothing to send again

    def publish(self, topic: str, payload: bytes) -> bool:
        """Publish one reading; waits while there is no connection, or too many readings are in flight.

        Returns
        -------
        bool
            False when a stop was requested first.

        Raises
        ------
        BrokerError
            The broker has refused an earlier reading.
        """
        while len(self._pending) >= _WINDOW or not self._send(topic, payload):
            if self._stop.requested:
                return False
            self._turn(_MAX_WAIT)
        if len(self._pending) % 16 == 0:  # one system call for several readings
            self._turn(0.0)
        return True

    def wait(self, seconds: float) -> None:
        """Keep the connection alive for a time [s], or until a stop is requested."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not self._stop.requested:
            self._turn(min(left, _MAX_WAIT))

    def drain(self) -> int:
        """Wait for the readings in flight; returns how many the broker has not acknowledged.

        Raises
        ------
        BrokerError
            The broker has refused a reading.
        """
        until = self._clock.monotonic() + _DRAIN_TIMEOUT
        while self._pending and self._clock.monotonic() < until and (self._link.connected or not self._stop.requested):
            self._turn(_MAX_WAIT)
        return len(self._pending)

    def _turn(self, timeout: float) -> None:
        self._link.flush()
        self._link.poll(timeout)
        for receipt in self._link.receipts():
            self._pending.pop(receipt.mid, None)
            if receipt.refusal is not None:
                what = f"the broker refused a reading on {receipt.topic}: {receipt.refusal}"
                raise BrokerError(f"{what}; fix: allow this user to publish there (the broker's access list)")
        if self._link.became_ready():
            again, self._pending = list(self._pending.values()), {}
            for topic, payload in again:
                self._send(topic, payload)

    def _send(self, topic: str, payload: bytes) -> bool:
        mid = self._link.publish(topic, payload, qos=1)
        if mid is None:
            return False
        self._pending[mid] = (topic, payload)
        return True


def message(keys: Sequence[str], values: Sequence[float], ts: float, seq: int) -> bytes:
    """Encode the payload of one reading; a missing value (nan) becomes null.

    Parameters
    ----------
    keys, values
        Message keys and values [F].
    ts
        Time of the reading, Unix time [s].
    seq
        Sequence number of the reading.
    """
    body: dict[str, Any] = {key: None if math.isnan(value) else value for key, value in zip(keys, values, strict=True)}
    return msgspec.json.encode(body | {"ts": rfc3339(ts), "seq": seq})


def station_topic(template: str, station: str) -> str:
    """Put a station's name into a topic template.

    Raises
    ------
    ConfigError
        The station's name or the topic cannot be used.
    """
    problem = station_problem(station)
    if problem is not None:
        raise ConfigError([f"station: {problem}"])
    topic = strip_share(template).replace(STATION_LEVEL, station)
    fault = topic_fault(topic)
    if fault is not None:
        raise ConfigError([f"topic: got {template!r}, expected a topic with {fault}"])
    return topic
