"""Draws: random numbers that depend on the seed and on the row, and on nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST_SEED = 2**63 - 1

_BLOCK = 4  # numbers that Philox makes per count


def uniforms(seed: int, first: int, rows: int, width: int) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1) for rows ``first`` to ``first + rows - 1`` of an endless table.

    Philox is a function of a key and a counter: row ``i`` is a fixed range of the counter, so that it is the same
    whatever was drawn before it and however the rows are cut into chunks.

    Parameters
    ----------
    seed
        The key, 0 to 2**63 - 1.
    first, rows
        Which rows.
    width
        Numbers per row; it decides which counts belong to a row, so that two widths are two tables.

    Returns
    -------
    float64 [rows, width]
    """
    blocks = -(-width // _BLOCK)
    raw = np.random.Philox(key=seed, counter=first * blocks).random_raw(rows * blocks * _BLOCK)
    # The upper 52 bits, in the middle of their interval: never 0, whose logarithm Box and Muller take.
    upper = (raw >> np.uint64(12)).astype(np.float64).reshape(rows, -1)
    return (upper[:, :width] + 0.5) * 2.0**-52


def normals(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn uniform numbers [N, 2K] into as many standard normal ones (Box and Muller, 1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform[:, 0::2]))
    angle = 2.0 * np.pi * uniform[:, 1::2]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
