"""A block holds what was noted, and damage of it is found."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from edge.archive.archived_block import ArchivedBlock
from edge.errors import ArchiveError


def block(rows: int = 200) -> ArchivedBlock:
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(20, 5, (rows, 4)), 3)
    values[5, 2] = np.nan
    return ArchivedBlock(
        numbers=np.arange(7, 7 + rows),
        times=1.79e9 + 60.0 * np.arange(rows, dtype=np.float64),
        verdicts=rng.integers(0, 6, rows),
        alarms=("", "a", "a+b"),
        open=rng.integers(-1, 3, rows),
        values=values,
    )


def test_everything_comes_back() -> None:
    sent = block()
    found = ArchivedBlock.from_bytes(sent.to_bytes())
    assert np.array_equal(found.numbers, sent.numbers)
    assert np.array_equal(found.times, sent.times)
    assert np.array_equal(found.verdicts, sent.verdicts)
    assert np.array_equal(found.open, sent.open)
    assert np.array_equal(found.values, sent.values, equal_nan=True)
    assert found.alarms == sent.alarms


@pytest.mark.parametrize("at", [0, 1, 2, 40, 400, -5, -1])
def test_a_byte_that_has_changed_is_found(at: int) -> None:
    data = bytearray(block().to_bytes())
    data[at] ^= 0x55
    with pytest.raises(ArchiveError, match="got a block that cannot be read"):
        ArchivedBlock.from_bytes(bytes(data))


@pytest.mark.parametrize("data", [b"", b"nope", zlib.compress(b"\x90"), zlib.compress(b"\x93\1\2\3")])
def test_bytes_that_are_no_block_are_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        ArchivedBlock.from_bytes(data)


def test_a_block_that_was_cut_is_refused() -> None:
    data = block().to_bytes()
    with pytest.raises(ArchiveError):
        ArchivedBlock.from_bytes(data[: len(data) // 2])
