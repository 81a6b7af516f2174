"""Recognises messages that the broker or a station sends again, so that each reading counts once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np

LOOK_BACK = 2000
"""Latest messages of a station that a new one is compared with."""


class Stamped(Protocol):
    """A reading, or anything else with the station's own time and counter."""

    @property
    def ts(self) -> float | None:
        """Unix time [s]."""

    @property
    def seq(self) -> int | None:
        """Counter."""


class Duplicates:
    """The keys of one station's last 2000 messages, in at most 16 kB.

    The key of a message with ``seq`` or ``ts`` is made of all its bytes: the station made each of them unique. Without
    either, equal bytes prove nothing, since a stuck sensor sends them for hours. Such a message is a repetition only
    if the broker marks it so (DUP = 1), and its packet identifier is part of the key.
    """

    __slots__ = ("_newest_seq", "_newest_ts", "_next", "_ring")

    def __init__(self) -> None:
        self._ring = array("q")  # grows to its full size: many stations never send that many messages
        self._next = 0
        self._newest_ts = self._newest_seq = -math.inf

    def contains(self, key: int, readings: Iterable[Stamped]) -> bool:
        """Return whether the message with this key and these readings has come before."""
        for each in readings:
            # Nearly always: a reading newer than any before cannot be a repetition.
            if (each.seq is not None and each.seq > self._newest_seq) or (
                each.ts is not None and each.ts > self._newest_ts
            ):
                return False
        return len(self._ring) > 0 and bool((np.frombuffer(self._ring, dtype=np.int64) == key).any())

    def add(self, key: int, readings: Iterable[Stamped]) -> None:
        """Remember a message, and forget the oldest."""
        for each in readings:
            if each.seq is not None and each.seq > self._newest_seq:
                self._newest_seq = each.seq
            if each.ts is not None and each.ts > self._newest_ts:
                self._newest_ts = each.ts
        ring = self._ring
        # An array of readings is one message: the journal gives its key with each of them.
        if ring and ring[self._next - 1] == key:
            return
        if len(ring) < LOOK_BACK:
            ring.append(key)
        else:
            ring[self._next] = key
        self._next = (self._next + 1) % LOOK_BACK


def key(payload: bytes, *, mid: int | None = None) -> int:
    """Make the key of a message: 64 bits of BLAKE2b over its payload and, if given, its packet identifier.

    Examples
    --------
    >>> key(b"{}", mid=7) == key(b"{}", mid=7), key(b"{}", mid=7) == key(b"{}", mid=8)
    (True, False)
    """
    text = payload if mid is None else payload + b"#%d" % mid
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)


def pack_keys(keys: Sequence[int]) -> int | bytes:
    """Pack the keys of the messages that contain one reading, as the journal stores them.

    Examples
    --------
    >>> pack_keys([7]), unpack_keys(pack_keys([7, -8]))
    (7, [7, -8])
    """
    return keys[0] if len(keys) == 1 else array("q", keys).tobytes()


def unpack_keys(packed: int | bytes) -> list[int]:
    """Return what :func:`pack_keys` has packed."""
    return array("q", packed).tolist() if isinstance(packed, bytes) else [packed]
