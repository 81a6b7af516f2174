"""A message from the broker."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True):
    """One message from the broker.

    Parameters
    ----------
    topic, payload, qos
        As in the PUBLISH packet.
    retain
        Whether the broker had stored the message, so that it is old.
    mid
        Packet identifier, valid only on its own connection.
    connection
        Number of the connection that brought the message: on another connection its ack would ack another message.
    received
        When the message was read, Unix time [s].
    properties
        MQTT 5 properties, ``None`` with 3.1.1.
    dup
        Whether the broker has sent the message before and received no ack.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    mid: int = 0
    connection: int = 0
    received: float = 0.0
    properties: object = None
    dup: bool = False

    @property
    def response_topic(self) -> str | None:
        """Topic on which the sender expects the answer (MQTT 5)."""
        return getattr(self.properties, "ResponseTopic", None)

    @property
    def correlation(self) -> bytes | None:
        """Correlation Data that the sender expects back with the answer (MQTT 5)."""
        return getattr(self.properties, "CorrelationData", None)
