"""Duplicates: what makes a reading that the broker, or a station, sends again count once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from hashlib import blake2b
from typing import Protocol

import numpy as np

LOOK_BACK = 2000
"""Messages of a station among which a repetition is looked for."""


class Stamped(Protocol):
    """A reading, of which the station's own time and count are of interest."""

    @property
    def ts(self) -> float | None:
        """Unix time [s]."""

    @property
    def seq(self) -> int | None:
        """Counter."""


class Duplicates:
    """The keys of one station's last 2000 messages, in at most 16 kB.

    A message with ``seq`` or ``ts`` in it is known by all of its bytes: by the station's own hand it is one of a kind.
    Without both, equal bytes say nothing, a sensor that is stuck sends them for hours. Such a message is a repetition
    only when the broker says so (DUP = 1), and its packet identifier is part of the key.
    """

    __slots__ = ("_newest_seq", "_newest_ts", "_next", "_ring")

    def __init__(self) -> None:
        self._ring = array("q")  # grows to its full size: many stations never send so many messages
        self._next = 0
        self._newest_ts = self._newest_seq = -math.inf

    def knows(self, key: int, readings: Iterable[Stamped]) -> bool:
        """Tell whether a message has come before: its key, and the readings in it."""
        for each in readings:
            # Nearly always: what is newer than anything before cannot be among it.
            if (each.seq is not None and each.seq > self._newest_seq) or (
                each.ts is not None and each.ts > self._newest_ts
            ):
                return False
        return len(self._ring) > 0 and bool((np.frombuffer(self._ring, dtype=np.int64) == key).any())

    def keep(self, key: int, readings: Iterable[Stamped]) -> None:
        """Remember a message, and forget the oldest."""
        for each in readings:
            if each.seq is not None and each.seq > self._newest_seq:
                self._newest_seq = each.seq
            if each.ts is not None and each.ts > self._newest_ts:
                self._newest_ts = each.ts
        ring = self._ring
        # An array of readings is one message: from the journal its key comes with every one of them.
        if ring and ring[self._next - 1] == key:
            return
        if len(ring) < LOOK_BACK:
            ring.append(key)
        else:
            ring[self._next] = key
        self._next = (self._next + 1) % LOOK_BACK


def key(payload: bytes, *, mid: int | None = None) -> int:
    """Make the key of a message: 64 bits of BLAKE2b over its payload, and over its packet identifier where given.

    Examples
    --------
    >>> key(b"{}", mid=7) == key(b"{}", mid=7), key(b"{}", mid=7) == key(b"{}", mid=8)
    (True, False)
    """
    text = payload if mid is None else payload + b"#%d" % mid
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)
