"""Packs a column of numbers into few bytes that a general compressor then shrinks further; every number comes back."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats

_DIGITS = range(10)  # decimals that are tried
_RAW = 255  # in place of the decimals: the bytes of the floats
_LARGEST = 2.0**53
_WIDTHS = (1, 2, 4, 8)  # [B] of a difference


def encode_column(values: Floats) -> bytes:
    """Pack a column [N]: as differences of whole multiples of a power of ten where that is exact, else as floats.

    Examples
    --------
    >>> len(encode_column(np.arange(100) / 10))
    110
    >>> decode_column(encode_column(np.array([1.5, np.nan, 0.1])), 3)
    array([1.5, nan, 0.1])
    """
    missing = np.isnan(values)
    filled = np.where(missing, 0.0, values) if missing.any() else values
    gaps = np.packbits(missing).tobytes() if missing.any() else b""
    head = bytes([1 if gaps else 0])
    for digits in _DIGITS:
        whole = _multiples(filled, digits)
        if whole is not None:
            steps = np.diff(whole, prepend=0)
            first, rest = int(steps[0]), steps[1:]
            largest = int(np.abs(rest).max(initial=0))
            width = next(each for each in _WIDTHS if largest < 1 << (8 * each - 1))
            planes = _planes(rest.astype(f"<i{width}"))
            return head + gaps + bytes([digits, width]) + first.to_bytes(8, "little", signed=True)[:8] + planes
    return head + gaps + bytes([_RAW, 8]) + _planes(filled.astype("<f8"))


def decode_column(packed: bytes, count: int) -> Floats:
    """Unpack a column of so many numbers.

    Raises
    ------
    ValueError
        The bytes are no such column.
    """
    if not packed:
        raise ValueError("got a column of no bytes")
    at = 1
    missing = np.zeros(count, dtype=np.bool_)
    if packed[0]:
        size = -(-count // 8)
        missing = np.unpackbits(np.frombuffer(packed, np.uint8, size, at), count=count).astype(np.bool_)
        at += size
    digits, width = packed[at], packed[at + 1]
    at += 2
    if digits == _RAW:
        values = _merged(packed[at:], count, "<f8").astype(np.float64)
    else:
        first = int.from_bytes(packed[at : at + 8], "little", signed=True)
        rest = _merged(packed[at + 8 :], count - 1, f"<i{width}").astype(np.int64)
        values = np.cumsum(np.concatenate([[first], rest])) / 10.0**digits
    values[missing] = np.nan
    return values


def _multiples(values: Floats, digits: int) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Return the values as whole multiples of 10**-digits; ``None`` if one of them is none."""
    with np.errstate(over="ignore"):
        scaled = values * 10.0**digits
    if not (np.abs(scaled) < _LARGEST).all():  # also inf
        return None
    whole = np.rint(scaled)
    if not (whole / 10.0**digits == values).all() or (np.signbit(values) & (values == 0)).any():
        return None
    return whole.astype(np.int64)


def _planes(numbers: np.ndarray[tuple[int], np.dtype[np.generic]]) -> bytes:
    """Return all first bytes, all second ones, and so on: neighbours resemble each other, and compress."""
    return numbers.view(np.uint8).reshape(len(numbers), -1).T.tobytes() if len(numbers) else b""


def _merged(planes: bytes, count: int, kind: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    width = int(kind[-1])
    if len(planes) != count * width:
        raise ValueError(f"got a column of {len(planes)} bytes, expected {count * width}")
    return np.frombuffer(planes, np.uint8).reshape(width, count).T.copy().view(kind).reshape(count)
