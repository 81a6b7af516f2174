"""MQTT 5 properties of our publications."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PROPERTIES_SIZE = 4 + 5 + 3
"""Most bytes of a publication's properties, apart from Correlation Data: their length, the expiry, and a length."""


def publish_properties(expiry: int | None, correlation: bytes | None, response_topic: str | None) -> Properties | None:
    """Make the properties of a publication: Message Expiry [s], Correlation Data and Response Topic."""
    if correlation is not None or response_topic is not None:
        return _properties(expiry, correlation, response_topic)
    return None if expiry is None else _expiring(expiry)


def _properties(expiry: int | None, correlation: bytes | None, response_topic: str | None) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if expiry is not None:
        properties.MessageExpiryInterval = expiry
    if correlation is not None:
        properties.CorrelationData = correlation
    if response_topic is not None:
        properties.ResponseTopic = response_topic
    return properties


@lru_cache(maxsize=8)
def _expiring(expiry: int) -> Properties:
    return cast("Properties", _Packed(_properties(expiry, None, None)))


class _Packed:
    """Properties packed once: every score has the same ones, and packing costs a third of publishing a score."""

    def __init__(self, properties: Properties) -> None:
        self._packed: bytes = properties.pack()  # type: ignore[no-untyped-call]

    def pack(self) -> bytes:
        return self._packed
