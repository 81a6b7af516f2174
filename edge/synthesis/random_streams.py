"""Draws random numbers that depend on the seed and the row alone."""

from __future__ import annotations

from functools import lru_cache
from threading import local

import numpy as np
from numpy.typing import NDArray

from edge.arrays import Floats, Indices, Singles

LARGEST_SEED = 2**63 - 1

ROW_STREAM, PILOT_STREAM, _START_STREAM = 0, 1, 2
"""Streams of a seed; above them, each row has a stream of its own."""

_FIRST_ROW_STREAM = 2**63
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, odd
_BLOCK = 4  # words that Philox makes per count, hence the number of rows whose words fill whole counts
_TURN = np.float32(2.0 * np.pi * 2.0**-32)


def positions(seed: int, first: int, rows: int) -> Floats:
    """Return numbers in [0, 1) for rows ``first`` to ``first + rows - 1``, evenly spread wherever one stops.

    They follow the additive recurrence of the golden ratio (Weyl, 1916) from a start that depends on the seed, in
    whole numbers modulo 2**64, and are exact for any row.
    """
    index = np.uint64(first) + np.arange(rows, dtype=np.uint64)
    return ((index * _GOLDEN + _start(seed)) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(seed: int, first: int, rows: int, width: int, stream: int = ROW_STREAM) -> Singles:
    """Return standard normal numbers for rows ``first`` to ``first + rows - 1`` of an endless table.

    Philox (Salmon and others, 2011) is a function of a key and a counter: row ``i`` is a fixed range of the counter,
    and so the same whatever was drawn before it and however the rows are cut into chunks.

    Parameters
    ----------
    seed
        First half of the key, 0 to 2**63 - 1.
    first
        Index of the first row.
    rows
        Number of rows.
    width
        Numbers per row; every width has a table of its own.
    stream
        Second half of the key.

    Returns
    -------
    float32 [rows, width]
    """
    pairs = -(-width // 2)
    skipped = first % _BLOCK
    drawn = skipped + rows + -(skipped + rows) % _BLOCK
    philox = _philox(seed, stream, first // _BLOCK * pairs)
    return _normal(philox.random_raw(drawn * pairs).reshape(drawn, pairs)[skipped : skipped + rows], width)


def redraws(seed: int, rows: Indices, begin: int, attempts: int, width: int) -> Singles:
    """Return standard normal numbers for single rows, from their own streams, with any number of attempts.

    Parameters
    ----------
    seed
        As in :func:`normals`.
    rows
        Row numbers in the endless table, [N].
    begin
        Number of the first attempt of each row.
    attempts
        Number of attempts of each row.
    width
        Numbers per attempt.

    Returns
    -------
    float32 [N, attempts, width]
    """
    pairs = -(-width // 2)
    counts = -(-pairs // _BLOCK)
    words = np.empty((len(rows), attempts * counts * _BLOCK), dtype=np.uint64)
    for row, own in zip(rows.tolist(), words, strict=True):
        own[:] = _philox(seed, _FIRST_ROW_STREAM + row, begin * counts).random_raw(len(own))
    return _normal(words.reshape(len(rows) * attempts, -1)[:, :pairs], width).reshape(len(rows), attempts, width)


def _normal(words: NDArray[np.uint64], width: int) -> Singles:
    """Transform words [N, P] by Box and Muller (1958): the upper half is the radius, the lower half the angle."""
    rows, pairs = words.shape
    halves = words.astype("<u8", copy=False).view("<u4").reshape(-1, 2)
    angle, radius = halves.T.astype(np.float32, order="C")
    radius += np.float32(0.5)  # the middle of the interval: 0 has no logarithm
    radius *= np.float32(2.0**-32)
    np.log(radius, out=radius)
    radius *= np.float32(-2.0)
    np.sqrt(radius, out=radius)
    angle *= _TURN
    normal = np.empty((rows, 2, pairs), dtype=np.float32)
    np.multiply(radius.reshape(rows, pairs), np.cos(angle).reshape(rows, pairs), out=normal[:, 0])
    np.multiply(radius.reshape(rows, pairs), np.sin(angle).reshape(rows, pairs), out=normal[:, 1])
    return normal.reshape(rows, 2 * pairs)[:, :width]


_thread = local()  # each thread's own Philox: setting its state takes an eighth of the time of making a new one


def _philox(seed: int, stream: int, counter: int) -> np.random.Philox:
    if not hasattr(_thread, "philox"):
        _thread.philox = np.random.Philox(key=0)
        _thread.state = _thread.philox.state
    philox: np.random.Philox = _thread.philox
    state = _thread.state["state"]
    state["key"][:] = seed, stream
    state["counter"][0] = counter
    philox.state = _thread.state
    return philox


@lru_cache(maxsize=64)
def _start(seed: int) -> np.uint64:
    return np.uint64(_philox(seed, _START_STREAM, 0).random_raw())
