"""Lines of values with separators; the entry names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from edge.errors import ReadingError
from edge.readings.decoding.echo import echo
from edge.readings.decoding.formats.format import Document, check_count, text_of

SEPARATORS_OF_LINES: Final = (";", "\t", "|", ",")
"""Separators, in order of preference where a line can be read in more than one way."""


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
        found = [self._line(line, f"line {i + 1}" if several else None) for i, line in numbered]
        return [document for document in found if document is not None]

    def _line(self, line: str, at: str | None) -> Document | ReadingError | None:
        """Read a line; ``None`` for a header."""
        wanted = len(self._columns)
        best: list[str] = []
        for separator in SEPARATORS_OF_LINES:
            cells = _cells(line, separator)
            while len(cells) > wanted and not cells[-1]:
                cells.pop()
            if len(cells) == wanted:
                best = cells
                break
            best = cells if len(cells) > len(best) else best
        else:
            blanks = line.split()
            if len(blanks) != wanted:
                return ReadingError(f"got {len(best)} values, expected {wanted} as in columns", at)
            best = blanks
        names = [name.casefold() for name in self._columns]
        if wanted > 1 and [cell.casefold() for cell in best] == names:
            return None
        return dict(zip(self._columns, best, strict=True))


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
