"""Turns the requested ranges of a few columns into least and largest values of all columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.arrays import Floats
from edge.errors import RequestError
from edge.models.generator import Generator

Ranges = Mapping[str, tuple[float, float]]
"""Least and largest value by key [the column's unit]."""


def column_bounds(ranges: Ranges, generator: Generator) -> tuple[Floats, Floats]:
    """Return the least and largest values [F] of the columns, infinite for a column without a range.

    Raises
    ------
    RequestError
        There is no range; or one is of an unknown column, reversed, or wholly outside the range of the training.
    """
    keys = generator.station.keys
    if not ranges:
        raise RequestError(f"range: got none, expected LOW and HIGH of one of {', '.join(keys)}")
    low, high = np.full(len(keys), -np.inf), np.full(len(keys), np.inf)
    for key, (least, largest) in ranges.items():
        if key not in keys:
            raise RequestError(f"range: got {key[:64]!r}, expected one of {', '.join(keys)}")
        if not least <= largest:
            raise RequestError(f"range: {key}: got {least:.12g} to {largest:.12g}, expected the lower number first")
        column = keys.index(key)
        if largest < generator.low[column] or least > generator.high[column]:
            trained = f"{generator.low[column]:.12g} to {generator.high[column]:.12g}"
            got = f"{least:.12g} to {largest:.12g}"
            raise RequestError(f"range: {key}: got {got}, expected some of {trained}, the range of the training")
        low[column], high[column] = least, largest
    return low, high
