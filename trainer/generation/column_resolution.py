"""Finds how many digits the values of a column have, and how many it needs."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from edge.arrays import Floats
from edge.models.column_digits import ColumnDigits

_SHOWN = 1e-4  # part of a column's spread that its last digit shows
_MOST = 15  # decimals; a column that needs more has no decimal step
_PILOT = 1000  # rows tried first


def column_resolution(values: Floats, quantised: Container[int]) -> tuple[ColumnDigits | None, ...]:
    """Return the digits of each column of rows [N, F]; ``None`` for the quantised ones, by their places."""
    return tuple(None if place in quantised else _digits(column) for place, column in enumerate(values.T))


def _digits(column: Floats) -> ColumnDigits:
    low, high = np.quantile(column, [0.1, 0.9])
    spread = min(float(column.std()), float(high - low)) or float(column.std()) or 1.0
    return ColumnDigits(least=-int(np.floor(np.log10(_SHOWN * spread))), most=_decimals(column))


def _decimals(column: Floats) -> int | None:
    """Return the decimals that no value of the column exceeds; ``None``: there is no such number."""
    for decimals in range(_MOST + 1):
        if all((np.round(part, decimals) == part).all() for part in (column[:_PILOT], column)):
            return decimals
    return None
