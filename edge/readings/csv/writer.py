"""Writes rows as CSV, to a file at once or to a stream row by row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from config.atomic import write_text
from edge.arrays import Floats

CsvCell = str | float | int | None


def write_table(
    target: str | Path | TextIO,
    names: Sequence[str],
    rows: Floats | Iterable[Sequence[CsvCell]],
    *,
    digits: int | None = None,
    separator: str = ",",
    decimal: str = ".",
) -> None:
    """Write a header and rows as CSV.

    Parameters
    ----------
    target
        A path, which is replaced whole once every row is formatted, or an open text stream, written row by row.
    names
        The header [F].
    rows
        Array [N, F], or rows of text and numbers; ``None`` and nan become empty cells.
    digits
        Significant digits of a float; ``None``: the fewest that read back exactly.
    separator
        Separator of the cells.
    decimal
        Decimal sign.

    Raises
    ------
    ValueError
        A row differs in length from the header.
    OSError
        The path cannot be written; an existing file is left as it was.
    """
    if isinstance(target, str | Path):
        buffer = io.StringIO()
        write_table(buffer, names, rows, digits=digits, separator=separator, decimal=decimal)
        write_text(target, buffer.getvalue())
        return
    out = csv.writer(target, delimiter=separator, lineterminator="\n")
    out.writerow(names)

    def formatted(cell: Any) -> str:
        if isinstance(cell, str):
            return cell
        if cell is None:
            return ""
        if not isinstance(cell, float | np.floating):
            return str(cell)
        if math.isnan(cell):
            return ""
        number = float(cell)
        # + 0.0 turns -0 into 0, so that machines that differ in the last bit print the same.
        text = repr(number) if digits is None else f"{number + 0.0:.{digits}g}"
        return text if decimal == "." else text.replace(".", decimal)

    for row in rows.tolist() if isinstance(rows, np.ndarray) else rows:
        if len(row) != len(names):
            raise ValueError(f"got a row of {len(row)} cells, expected {len(names)} as in the header")
        out.writerow([formatted(cell) for cell in row])
