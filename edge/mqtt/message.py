"""Message: one that came from the broker."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True):
    """One message from the broker.

    Parameters
    ----------
    topic, payload, qos, retain
        As it came; ``retain`` means that it is old.
    mid
        Packet identifier, of use only on its own connection.
    connection
        Count of the connection on which it came: an ack on another one would ack another message.
    received
        When it was read, Unix time [s].
    properties
        MQTT 5 properties, ``None`` with 3.1.1.
    dup
        The broker says that it may have sent this before: it did, and had no ack.
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
        """Where the sender wants the answer (MQTT 5)."""
        return getattr(self.properties, "ResponseTopic", None)

    @property
    def correlation(self) -> bytes | None:
        """What the sender wants back with the answer (MQTT 5)."""
        return getattr(self.properties, "CorrelationData", None)
