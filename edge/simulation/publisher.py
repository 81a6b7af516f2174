"""Publisher: readings to a broker at QoS 1, as a station would send them."""

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
_PATIENCE = 10.0  # [s] for the last PUBACKs
_GLANCE = 0.2  # [s] between two looks at what is waited for


class Publisher:
    """Readings over one connection, each acknowledged by the broker in the end.

    The connection lives inside :meth:`publish`, :meth:`rest` and :meth:`drain`. When it is lost they wait for the next
    one and send again what was not acknowledged, so a reading may arrive twice, with the same bytes.

    Parameters
    ----------
    link
        The connection.
    stop
        Ends every waiting, but for the last PUBACKs.
    clock
        For the waiting.
    """

    def __init__(self, link: Link, stop: Stop, clock: Clock) -> None:
        self._link = link
        self._stop = stop
        self._clock = clock
        self._pending: dict[int, tuple[str, bytes]] = {}  # packet id -> what waits for its PUBACK, oldest first
        link.became_ready()  # on the first connection nothing is to be sent again

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send one reading; waits while there is no connection, or too many are on their way.

        Returns
        -------
        bool
            False when the wish to stop came first.

        Raises
        ------
        BrokerError
            The broker has refused an earlier one.
        """
        while len(self._pending) >= _WINDOW or not self._send(topic, payload):
            if self._stop.requested:
                return False
            self._turn(_GLANCE)
        if len(self._pending) % 16 == 0:  # one system call for several readings
            self._turn(0.0)
        return True

    def rest(self, seconds: float) -> None:
        """Keep the connection alive for a time [s], or until the wish to stop."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not self._stop.requested:
            self._turn(min(left, _GLANCE))

    def drain(self) -> int:
        """Wait for what is on its way; returns how many readings the broker has not acknowledged.

        Raises
        ------
        BrokerError
            The broker has refused one.
        """
        until = self._clock.monotonic() + _PATIENCE
        while self._pending and self._clock.monotonic() < until and (self._link.connected or not self._stop.requested):
            self._turn(_GLANCE)
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
    """Payload of one reading; a missing value (nan) becomes null.

    Parameters
    ----------
    keys, values
        Message keys and values [F].
    ts
        Unix time [s].
    seq
        The station's count.
    """
    body: dict[str, Any] = {key: None if math.isnan(value) else value for key, value in zip(keys, values, strict=True)}
    return msgspec.json.encode(body | {"ts": rfc3339(ts), "seq": seq})


def station_topic(template: str, station: str) -> str:
    """Topic of one station.

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
