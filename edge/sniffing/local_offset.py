"""Tells from the arrivals by how much a station's local time differs from UTC."""

from __future__ import annotations

from statistics import median

from edge.readings.decoding.addresses import Address
from edge.readings.decoding.timestamps import parse_timestamp
from edge.sniffing.topic_group import TopicGroup

_STEP = 900  # [s] offsets are multiples of a quarter of an hour
_NEAR = 120.0  # [s] by which the clock may be wrong and the delays may differ
_LARGEST = 14 * 3600  # [s]


def local_offset(group: TopicGroup) -> int | None:
    """Return the offset of the stamps from UTC [s]; ``None`` if their delays say nothing about it.

    Stored messages that are sent later, or a clock that is wrong, have delays of any size.
    """
    address = None if group.columns.ts is None else Address(group.columns.ts)
    if address is None or group.key_level is not None:
        return None
    ahead = []
    for topic in group.topics:
        for document, received in zip(topic.documents, topic.received, strict=True):
            try:
                stamp = parse_timestamp(address.find(document))
            except ValueError:
                continue
            if stamp is not None:
                ahead.append(stamp - received)
    if len(ahead) < 3 or max(ahead) - min(ahead) > _NEAR:
        return None
    offset = round(median(ahead) / _STEP) * _STEP
    return offset if abs(median(ahead) - offset) <= _NEAR and abs(offset) <= _LARGEST else None
