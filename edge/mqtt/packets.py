"""Encodes and decodes, without paho, the packets that every reading needs: PUBLISH in, PUBLISH out, PUBACK.

paho makes six objects, three of them dictionaries, for every message; readings come by the thousand.
"""

from __future__ import annotations

from typing import NamedTuple

PUBLISH = 3
"""The packet type of a publication."""

_MAX_LENGTH_BYTES = 4  # bytes of a Remaining Length


class Publication(NamedTuple):
    """Content of a PUBLISH packet."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int


def find_content(data: bytes, at: int) -> tuple[int, int] | None:
    """Find the content of the packet that begins at ``at``.

    Returns
    -------
    (int, int) or None
        Where the content begins and where it ends; ``None`` until the packet is complete.

    Raises
    ------
    ValueError
        The length is malformed, so nothing after it can be decoded either.
    """
    length, shift = 0, 0
    for place in range(at + 1, min(len(data), at + 1 + _MAX_LENGTH_BYTES)):
        byte = data[place]
        length |= (byte & 127) << shift
        if byte < 128:
            end = place + 1 + length
            return (place + 1, end) if end <= len(data) else None
        shift += 7
    if len(data) > at + _MAX_LENGTH_BYTES:
        raise ValueError("got a packet whose length has no end")
    return None


def decode_publish(first: int, content: bytes, *, properties: bool) -> Publication | None:
    """Decode a PUBLISH packet.

    Parameters
    ----------
    first
        The packet's first byte.
    content
        Everything after its Remaining Length.
    properties
        Whether it has a list of properties (MQTT 5).

    Returns
    -------
    Publication or None
        ``None`` for what is left to paho: a packet that has properties or QoS 2, or is malformed.
    """
    qos = (first >> 1) & 3
    at = 2 + int.from_bytes(content[:2], "big")
    after = at + (2 if qos else 0) + properties
    if qos > 1 or at == 2 or after > len(content) or (properties and content[after - 1]):
        return None
    try:
        topic = content[2:at].decode()
    except UnicodeDecodeError:
        return None
    mid = int.from_bytes(content[at : at + 2], "big") if qos else 0
    return Publication(topic, content[after:], qos, bool(first & 1), bool(first & 8), mid)


def encode_publish(topic: str, payload: bytes, properties: bytes) -> bytes:
    """Encode a PUBLISH packet at QoS 0; ``properties`` are encoded with their length (empty with MQTT 3.1.1)."""
    name = topic.encode()
    content = b"".join((len(name).to_bytes(2, "big"), name, properties, payload))
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return b"".join((bytes((PUBLISH << 4,)), length, content))


def publish_size(topic: str, payload: int, properties: int) -> int:
    """Return the most bytes of a PUBLISH packet; the sizes are those of its payload and its properties [B]."""
    return 1 + _MAX_LENGTH_BYTES + 2 + len(topic.encode()) + 2 + properties + payload


def encode_puback(mid: int) -> bytes:
    """Encode a PUBACK packet that accepts a publication."""
    return b"\x40\x02" + mid.to_bytes(2, "big")
