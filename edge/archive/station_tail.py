"""The latest readings of one station, in memory until they become a block."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edge.archive.archived_block import ArchivedBlock
from edge.archive.tables import BlockRow

_HEAD = "=qddBh"  # number, time, received, verdict, alarms; then the values
UNKNOWN = -1
"""In place of the number of the alarms that were open: not known."""


class ArchivedReading(NamedTuple):
    """A reading on its way into the archive.

    Parameters
    ----------
    number
        The agent's count of it.
    time, received
        When it was measured, as published, and when it arrived, Unix time [s].
    verdict
        State of its verdict, by its number in :data:`edge.scoring.verdict.NUMBERED_STATES`.
    alarms
        Ids of the alarms that were open, joined by ``+``; ``None``: not known.
    values
        Its values [F], 64-bit floats in the machine's byte order.
    """

    number: int
    time: float
    received: float
    verdict: int
    alarms: str | None
    values: bytes


class StationTail:
    """Readings of one station, packed.

    Parameters
    ----------
    station
        Its name.
    columns
        Id of what its columns are.
    width
        How many values a reading has.

    Attributes
    ----------
    row_bytes : int
        What one takes in memory [B].
    count : int
        How many readings.
    received : float
        When the first of them arrived, Unix time [s].
    """

    __slots__ = ("_alarms", "_pack", "_rows", "_width", "columns", "count", "received", "row_bytes", "station")

    def __init__(self, station: str, columns: str, width: int) -> None:
        self.station = station
        self.columns = columns
        self.count = 0
        self.received = 0.0
        self.row_bytes = _packer(8 * width).size
        self._width = width
        self._pack = _packer(8 * width).pack
        self._rows = bytearray()
        self._alarms: dict[str, int] = {"": 0}

    @property
    def size(self) -> int:
        """What it takes [B], about."""
        return len(self._rows) + 200

    def add(self, reading: ArchivedReading) -> None:
        """Add a reading."""
        number, time, received, verdict, alarms, values = reading
        if not self.count:
            self.received = received
        if not alarms:
            opened = UNKNOWN if alarms is None else 0
        else:
            opened = self._alarms.setdefault(alarms, len(self._alarms))
        self._rows += self._pack(number, time, received, verdict, opened, values)
        self.count += 1

    def block(self) -> BlockRow:
        """Make a block of them."""
        kind = np.dtype(
            [
                ("number", "=i8"),
                ("time", "=f8"),
                ("received", "=f8"),
                ("verdict", "u1"),
                ("open", "=i2"),
                ("values", "=f8", (self._width,)),
            ]
        )
        rows = np.frombuffer(bytes(self._rows), kind)
        block = ArchivedBlock(
            numbers=rows["number"].astype(np.int64),
            times=rows["time"].astype(np.float64),
            verdicts=rows["verdict"].astype(np.int64),
            alarms=tuple(self._alarms),
            open=rows["open"].astype(np.int64),
            values=rows["values"].astype(np.float64).reshape(len(rows), self._width),
        )
        return BlockRow(
            id=0,
            station=self.station,
            columns=self.columns,
            first=float(block.times.min()),
            last=float(block.times.max()),
            readings=self.count,
            number=int(block.numbers[-1]),
            received=float(rows["received"][-1]),
            data=block.to_bytes(),
        )


@lru_cache
def _packer(size: int) -> struct.Struct:
    return struct.Struct(f"{_HEAD}{size}s")
