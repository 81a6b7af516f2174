"""A block of a station's readings: what the archive stores, sends and reads as one."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec
import numpy as np

from edge.archive.column_coding import decode_column, encode_column
from edge.arrays import Floats, Indices
from edge.errors import ArchiveError
from edge.scoring.verdict import NUMBERED_STATES

_LARGEST = 64 << 20  # [B] unpacked: what is damaged must not be taken for a length of gigabytes
_LEVEL = 6  # of zlib: 9 saves one byte in fifty and takes three times as long


class _Packed(msgspec.Struct, array_like=True):
    count: int
    numbers: bytes
    times: bytes
    verdicts: bytes
    alarms: tuple[str, ...]
    open: bytes
    values: tuple[bytes, ...]
    version: int = 1


@dataclass(frozen=True)
class ArchivedBlock:
    """Readings of one station, in the order in which they came.

    Parameters
    ----------
    numbers
        The agent's counts of the readings [N].
    times
        When they were measured, as published, Unix time [s], [N].
    verdicts
        States of their verdicts, by their numbers in :data:`edge.scoring.verdict.NUMBERED_STATES`, [N].
    alarms
        What may have been open: ids of alarms, joined by ``+``; the first is empty.
    open
        Which of these was, [N]; -1: not known.
    values
        The columns' values [N, F], nan where one was missing.
    """

    numbers: Indices
    times: Floats
    verdicts: Indices
    alarms: tuple[str, ...]
    open: Indices
    values: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def to_bytes(self) -> bytes:
        """Pack it."""
        return zlib.compress(
            msgspec.msgpack.encode(
                _Packed(
                    count=len(self),
                    numbers=encode_column(self.numbers.astype(np.float64)),
                    times=encode_column(self.times),
                    verdicts=self.verdicts.astype(np.uint8).tobytes(),
                    alarms=self.alarms,
                    open=b"" if not self.open.any() else encode_column(self.open.astype(np.float64)),
                    values=tuple(encode_column(column) for column in self.values.T),
                )
            ),
            _LEVEL,
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ArchivedBlock:
        """Unpack what :meth:`to_bytes` has packed.

        Raises
        ------
        ArchiveError
            It is damaged.
        """
        try:
            unpacker = zlib.decompressobj()
            packed = msgspec.msgpack.decode(unpacker.decompress(data, _LARGEST), type=_Packed)
            if not unpacker.eof or packed.count < 1:
                raise ValueError("got a part of a block")  # noqa: TRY301
            n = packed.count
            verdicts = np.frombuffer(packed.verdicts, np.uint8).astype(np.intp)
            opened = decode_column(packed.open, n) if packed.open else np.zeros(n)
            if len(verdicts) != n or verdicts.max() >= len(NUMBERED_STATES) or opened.max() >= len(packed.alarms):
                raise ValueError("got verdicts or alarms that there are not")  # noqa: TRY301
            return cls(
                numbers=decode_column(packed.numbers, n).astype(np.intp),
                times=decode_column(packed.times, n),
                verdicts=verdicts,
                alarms=packed.alarms,
                open=opened.astype(np.intp),
                values=np.stack([decode_column(each, n) for each in packed.values], axis=1),
            )
        except (zlib.error, msgspec.MsgspecError, ValueError, IndexError, MemoryError) as error:
            raise ArchiveError("corrupt", f"got a block that cannot be read: {error}") from error
