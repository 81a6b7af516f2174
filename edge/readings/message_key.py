"""The key of a message, by which it is recognised when it is sent again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import blake2b


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
