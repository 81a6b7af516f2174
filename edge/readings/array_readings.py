"""Puts the readings of arrays in order, and recognises those that earlier arrays contained as well."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

LOOK_BACK = 500
"""Latest readings of a station's arrays that those of a new one are compared with."""


class Measured(Protocol):
    """A reading, from a message or from the journal."""

    @property
    def ts(self) -> float | None:
        """Unix time [s]."""

    @property
    def seq(self) -> int | None:
        """Counter."""

    @property
    def values(self) -> Sequence[float] | bytes:
        """What was measured [F], as numbers or as the journal's 64-bit floats."""


M = TypeVar("M", bound=Measured)


class ArrayReadings:
    """The last readings that came in arrays of one station.

    A station may send an array with the newest reading first, or its last ten readings every minute, so that none is
    lost if a message is. Each of them is one reading: the same time, count and values are not measured twice.

    Examples
    --------
    >>> from edge.readings.reading import Reading
    >>> a, b, c = (Reading(station="st-1", values=(1.0,), ts=60.0 * n, received=200.0) for n in range(3))
    >>> arrays = ArrayReadings()
    >>> [each.ts for each in arrays.take([b, a])], [each.ts for each in arrays.take([a, b, c])]
    ([0.0, 60.0], [120.0])
    """

    __slots__ = ("_next", "_ring")

    def __init__(self) -> None:
        self._ring = array("q")  # keys; grows to its full size, since most stations send no arrays
        self._next = 0

    def take(self, readings: Sequence[M]) -> list[M]:
        """Return the readings of an array that no earlier array contained, the oldest first."""
        stamps = [each.ts for each in readings if each.ts is not None]
        keys = [_key(each) for each in readings]
        known = set(self._ring)
        fresh = [
            (each, key)
            for each, key in zip(readings, keys, strict=True)
            if key not in known or (each.ts is None and each.seq is None)
        ]
        new = [each for each, _ in fresh]
        self._add(key for _, key in fresh)
        falls = len(stamps) == len(readings) > 1 and all(b <= a for a, b in pairwise(stamps))
        return new[::-1] if falls and stamps[-1] < stamps[0] else new

    def add(self, readings: Iterable[Measured]) -> None:
        """Remember readings of arrays, and forget the oldest."""
        self._add(map(_key, readings))

    def _add(self, keys: Iterable[int]) -> None:
        ring = self._ring
        for key in keys:
            if len(ring) < LOOK_BACK:
                ring.append(key)
            else:
                ring[self._next] = key
            self._next = (self._next + 1) % LOOK_BACK


def _key(reading: Measured) -> int:
    values = reading.values
    return hash((reading.ts, reading.seq, values if isinstance(values, bytes) else array("d", values).tobytes()))
