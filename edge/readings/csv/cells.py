"""Decodes the cells of a CSV to numbers and times, and collects faults with line and column."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats
from edge.clock import parse_time
from edge.errors import TableError
from edge.readings.csv.header import quoted

MISSING_TEXTS = frozenset({"", "na", "nan", "-nan", "null", "none", "n/a", "-", "--"})
"""Texts of a missing value, in any case, beside the station's sentinels."""
MOST_FAULTS = 10
"""Faults of one file that are listed; the others are counted."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class Cells:
    """Decodes the columns of one file, batch by batch, and collects what it refuses.

    Parameters
    ----------
    file
        Name of the file, with which every message begins.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._faults: list[tuple[int, str, str]] = []  # line, column, sentence: the first ones only
        self._count = 0
        self._marks: dict[str, tuple[int, str, str]] = {}  # decimal sign -> line, column and cell that had it first

    def refuse(self, line: int, sentence: str, column: str = "") -> None:
        """Note a fault at ``line`` and, if it has one, ``column``."""
        self._count += 1
        self._faults.append((line, column, sentence))
        if len(self._faults) > 1000 * MOST_FAULTS:
            self._faults = sorted(self._faults)[:MOST_FAULTS]

    def raise_faults(self) -> None:
        """Raise the faults, if there are any.

        Raises
        ------
        TableError
            One line for each of the first ten faults, and one that counts the others.
        """
        if len(self._marks) == 2:
            # 20,582 beside 2100.7: its comma may well separate thousands.
            (line, name, comma), (other, column, point) = self._marks[","], self._marks["."]
            where = f"line {other}, column {quoted(column)}"
            fix = "expected one decimal sign in a file; write numbers without separators of thousands"
            self.refuse(line, f"got {quoted(comma)} beside {quoted(point)} ({where}), {fix}", name)
        if not self._count:
            return
        faults = [
            f"{self._file}: line {line}{f', column {quoted(column)}' if column else ''}: {sentence}"
            for line, column, sentence in sorted(self._faults)[:MOST_FAULTS]
        ]
        if self._count > len(faults):
            faults.append(f"{self._file}: and {self._count - len(faults)} more")
        raise TableError("\n".join(faults))

    def numbers(self, cells: Sequence[str], lines: Sequence[int], column: str) -> Floats:
        """Decode numbers [N] with a decimal point or comma; nan for a missing or refused cell."""
        values = self._plain(cells, lines, column)
        if values is not None:
            return values
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            text = cell.strip()
            if text.lower() in MISSING_TEXTS:
                continue
            if _NUMBER.fullmatch(text) is None:
                self.refuse(lines[i], f"got {quoted(text)}, expected a number; fix the cell or leave it empty", column)
                continue
            values[i] = float(text.replace(",", "."))
            if np.isinf(values[i]):
                self.refuse(lines[i], f"got {quoted(text)}, expected a finite number; fix the cell", column)
            for mark in ".,":
                if mark in text:
                    self._marks.setdefault(mark, (lines[i], column, text))
        return values

    def times(self, cells: Sequence[str], lines: Sequence[int], column: str) -> Floats:
        """Decode times [N]: RFC 3339 (UTC unless it names an offset) or Unix seconds."""
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            text = cell.strip()
            number = _NUMBER.fullmatch(text) is not None
            try:
                values[i] = parse_time(float(text.replace(",", ".")) if number else text)
            except ValueError:
                wanted = "expected a time such as 2026-01-31T12:00:00Z, or Unix seconds; fix the cell"
                self.refuse(lines[i], f"got {quoted(text)}, {wanted}", column)
        return values

    def _plain(self, cells: Sequence[str], lines: Sequence[int], column: str) -> Floats | None:
        """Decode a column of finite numbers with one decimal sign; ``None`` for any other column."""
        joined = "".join(cells)
        comma, point = "," in joined, "." in joined
        # float() also accepts 1_000, digits of other scripts, inf and nan: such columns are read cell by cell.
        if (comma and point) or "_" in joined or not joined.isascii():
            return None
        try:
            texts = [cell.replace(",", ".") for cell in cells] if comma else cells
            values = np.fromiter(map(float, texts), np.float64, len(cells))
        except ValueError:
            return None
        if not np.isfinite(values).all():
            return None
        if (comma or point) and (mark := "," if comma else ".") not in self._marks:
            i = next(i for i, cell in enumerate(cells) if mark in cell)
            self._marks[mark] = (lines[i], column, cells[i])
        return values
