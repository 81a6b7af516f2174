"""A table that the reader can sort."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | float | None
"""Text, number, or nothing."""


@dataclass(frozen=True)
class HtmlTable:
    """A table of a panel.

    Parameters
    ----------
    heads
        Titles of the C columns.
    rows
        Rows of C cells; numbers are shown with four digits and sorted with all of them.
    caption
        What the table shows.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


def is_number(cell: Cell) -> bool:
    """Return whether a cell is a number, which is set to the right and sorted by size."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def shown(cell: Cell) -> str:
    """Return a cell as it is shown."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, str | bool):
        return str(cell)
    if float(cell).is_integer() and abs(cell) < 1e12:
        return f"{cell:,.0f}"
    return f"{cell:,.1f}" if 1e3 <= abs(cell) < 1e12 else f"{cell:.4g}"
