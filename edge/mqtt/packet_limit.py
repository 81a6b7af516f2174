"""How large a packet the broker takes: as it announces with MQTT 5, or as its closing of connections suggests."""

from __future__ import annotations

from edge.clock import Clock
from edge.log import Log
from edge.mqtt.packets import publish_size
from edge.mqtt.properties import PROPERTIES_SIZE

_LEAST = 2048  # [B] below which nothing is suspected: every score and event is smaller
_IN_A_ROW = 2  # connections that ended while a packet larger than all that were taken waited for its answer
_EXPIRES = 3600.0  # [s] after which a suspected limit is tried again


class PacketLimit:
    """The largest packet that may be sent, over all connections of a link.

    A broker that is sent a larger one closes the connection. With MQTT 5 it announces its limit. With MQTT 3.1.1 it
    cannot: there, a packet larger than all that were taken, which waited for its answer when two connections in a row
    ended, is suspected, and for an hour only packets of half its size are sent.

    Parameters
    ----------
    clock
        Ends a suspicion.
    log
        Where it is reported.
    """

    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self._announced: int | None = None
        self._suspected: int | None = None
        self._until = 0.0
        self._suspects: list[int] = []

    @property
    def value(self) -> int | None:
        """The limit [B]; ``None`` if none is known."""
        if self._suspected is not None and self._clock.monotonic() >= self._until:
            self._suspected = None
        return self._suspected if self._announced is None else self._announced

    def payload(self, topic: str, correlation: bytes | None = None) -> int | None:
        """Return the largest payload [B] for a topic and Correlation Data; ``None`` if no limit is known."""
        if (limit := self.value) is None:
            return None
        return max(0, limit - publish_size(topic, 0, PROPERTIES_SIZE + len(correlation or b"")))

    def announce(self, limit: int | None) -> None:
        """Note what the broker has announced for this connection; ``None`` if it has announced nothing."""
        self._announced = limit

    def note_end(self, largest_taken: int, largest_unanswered: int) -> None:
        """Note what the broker had taken, and what it had not answered, when an accepted connection was lost [B]."""
        if self._announced is not None or largest_unanswered <= max(largest_taken, _LEAST):
            self._suspects.clear()
            return
        self._suspects.append(largest_unanswered)
        if len(self._suspects) < _IN_A_ROW:
            return
        self._suspected = max(largest_taken, _LEAST, min(self._suspects) // 2)
        self._until = self._clock.monotonic() + _EXPIRES
        self._suspects.clear()
        self._log.warning(
            "broker seems to refuse large packets, so smaller ones are sent for an hour", bytes=largest_unanswered,
            limit=self._suspected, fix="raise or remove max_packet_size in mosquitto.conf, or use MQTT 5",
        )  # fmt: skip
