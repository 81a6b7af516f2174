"""Rounds synthetic rows to the digits that their columns have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from edge.arrays import Floats

SIGNIFICANT = 6
"""Significant digits of every value, also where they are finer than its column needs."""


class ColumnDigits(msgspec.Struct, frozen=True):
    """The number of decimals of a column's values; 0 stands for whole numbers, -1 for tens.

    Parameters
    ----------
    least
        Decimals that show a ten thousandth of the column's spread.
    most
        Decimals of the training record; ``None``: its values are not decimal ones.

    Examples
    --------
    >>> ColumnDigits(least=3, most=4).shorten(101_325.123456)
    101325.123
    >>> ColumnDigits(least=-1, most=4).shorten(0.01234567)
    0.0123
    """

    least: int
    most: int | None

    def shorten(self, value: float) -> float:
        """Round to six significant digits, or to more where the column needs them; never to more than it has."""
        if not math.isfinite(value) or value == 0:
            return value + 0.0  # turns -0 into 0, so that machines that differ in the last bit print the same
        significant = SIGNIFICANT - 1 - math.floor(math.log10(abs(value)))
        decimals = max(self.least, significant)
        return round(value, decimals if self.most is None else min(decimals, self.most)) + 0.0


def shorten_rows(rows: Floats, digits: Sequence[ColumnDigits | None]) -> list[list[float]]:
    """Round rows [N, F], so that the shortest texts that read back to their values have no digit of noise.

    Parameters
    ----------
    rows
        In the columns' units.
    digits
        Of each column; ``None`` leaves it alone, because its values are steps of the training record. Without any, as
        in a bundle of davylamp 0.2, all values get six significant digits.
    """
    if not digits:
        return [[float(f"{value:.{SIGNIFICANT}g}") + 0.0 for value in row] for row in rows.tolist()]
    columns = [
        column if each is None else list(map(each.shorten, column))
        for column, each in zip(rows.T.tolist(), digits, strict=True)
    ]
    return list(map(list, zip(*columns, strict=True)))


def shortest_text(value: float) -> str:
    """Return the shortest text that reads back to a number."""
    return repr(value).removesuffix(".0")
