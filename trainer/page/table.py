"""Table: rows that the reader may sort."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | float | None


@dataclass(frozen=True)
class HtmlTable:
    """A table of a panel.

    Parameters
    ----------
    heads
        Titles of its C columns.
    rows
        C cells each: text, or a number, which is shown with four digits and sorted in full; ``None``: nothing.
    caption
        What it says.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


def is_number(cell: Cell) -> bool:
    """Tell whether a cell is set to the right, and sorted by size."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def shown(cell: Cell) -> str:
    """Return the text of a cell."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, str | bool):
        return str(cell)
    if float(cell).is_integer() and abs(cell) < 1e12:
        return f"{cell:,.0f}"
    return f"{cell:,.1f}" if 1e3 <= abs(cell) < 1e12 else f"{cell:.4g}"
