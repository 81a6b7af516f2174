"""limits: what is asked of a few columns becomes the least and largest value of every one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.arrays import Floats
from edge.errors import RequestError
from edge.models.generator import Generator

Ranges = Mapping[str, tuple[float, float]]
"""Least and largest value by key [the column's unit]."""


def column_bounds(ranges: Ranges, generator: Generator) -> tuple[Floats, Floats]:
    """Least and largest value [F] of each column, without end where nothing is asked.

    Raises
    ------
    RequestError
        Nothing is asked, of no such column, the wrong way round, or wholly out of the range of the training.
    """
    keys = generator.station.keys
    if not ranges:
        raise RequestError(f"range: got none, expected LOW and HIGH of one of {', '.join(keys)}")
    low, high = np.full(len(keys), -np.inf), np.full(len(keys), np.inf)
    for key, (least, largest) in ranges.items():
        if key not in keys:
            raise RequestError(f"range: got {key[:64]!r}, expected one of {', '.join(keys)}")
        if not least <= largest:
            raise RequestError(f"range: {key}: got {least:g} to {largest:g}, expected the lower number first")
        column = keys.index(key)
        if largest < generator.low[column] or least > generator.high[column]:
            trained = f"{generator.low[column]:g} to {generator.high[column]:g}"
            raise RequestError(
                f"range: {key}: got {least:g} to {largest:g}, expected some of {trained}, the range of the training"
            )
        low[column], high[column] = least, largest
    return low, high
