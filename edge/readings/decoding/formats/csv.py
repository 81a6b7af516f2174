"""Lines of values with separators; the entry names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from edge.errors import ReadingError
from edge.readings.decoding.dialect import parse_number
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import Document, check_count, text_of

SEPARATORS_OF_LINES: Final = (";", "\t", "|", ",")
"""Separators, in order of preference where a line can be read in more than one way."""

_VALUE = re.compile(r"[+-]?[.,]?\d")


class CsvFormat:
    """Reads lines of values.

    Parameters
    ----------
    columns
        Name of each value; there is at least one.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)

    def documents(self, payload: bytes) -> list[Document | ReadingError]:
        """Return one document a line; see :class:`edge.readings.decoding.formats.format.PayloadFormat`."""
        lines = [line.strip("\0 \r") for line in re.split(r"\r\n|\n|\r", text_of(payload))]
        numbered = [(i, line) for i, line in enumerate(lines) if line.strip() and not line.startswith("#")]
        if not numbered:
            raise ReadingError("the payload is empty, expected a line of values")
        check_count(len(numbered))
        several = len(lines) > 1
        while len(numbered) > 1 and only_names(self._split(numbered[0][1])):
            del numbered[0]  # a header in words of its own, a line of units
        found = [self._line(line, f"line {i + 1}" if several else None) for i, line in numbered]
        return [document for document in found if document is not None]

    def _line(self, line: str, at: str | None) -> Document | ReadingError | None:
        """Read a line; ``None`` for a header."""
        wanted = len(self._columns)
        cells = self._split(line)
        if len(cells) != wanted:
            return ReadingError(f"got {len(cells)} values, expected {wanted} as in columns", at)
        names = [name.casefold() for name in self._columns]
        if wanted > 1 and [cell.casefold() for cell in cells] == names:
            return None
        return dict(zip(self._columns, cells, strict=True))

    def _split(self, line: str) -> list[str]:
        """Split a line into as many cells as there are columns, or into the most."""
        wanted = len(self._columns)
        best: list[str] = []
        for separator in SEPARATORS_OF_LINES:
            cells = _cells(line, separator)
            while len(cells) > wanted and not cells[-1]:
                cells.pop()
            if len(cells) == wanted:
                return cells
            best = cells if len(cells) > len(best) else best
        blanks = line.split()
        return blanks if len(blanks) == wanted else best


def only_names(cells: Sequence[str]) -> bool:
    """Return whether cells are a header or units: more than one, and no value among them, nor a word for a missing one.

    Examples
    --------
    >>> only_names(["Time", "CH4", "R2611E"]), only_names(["", "ppb", "°C"]), only_names(["2026-11-30", "fault"])
    (True, True, False)
    """
    named = [cell for cell in cells if cell]
    return len(named) > 1 and not any(_VALUE.match(cell) or parse_number(cell) is not None for cell in named)


def csv_fault(columns: Sequence[str]) -> str | None:
    """Say what is wrong with the columns of an entry; ``None``: nothing."""
    twice = [name for i, name in enumerate(columns) if name and name in columns[:i]]
    return f"got {echo(twice[0])} twice, expected each name once" if twice else None


def _cells(line: str, separator: str) -> list[str]:
    try:
        rows = list(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error:  # a cell of more than 128 KiB
        return [line]
    return [cell.strip() for cell in rows[0]] if rows else []
