"""Finds the separator and the header of a CSV, wherever it begins."""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.errors import TableError
from edge.readings.csv.header import header_fault, other_content

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = (";", "\t", ",", "|")
"""Possible separators, in order of preference if a header can be read in more than one way."""

ALIGNED = " "
"""Separator of columns that blanks align, tried last: names and times have blanks as well."""

COMMENT_MARKS = ("#", "//", "%", ";", "!", "'")
"""How a line begins that is a comment."""

_DEEPEST = 200  # rows before the header, at most
_HEAD = 1 << 18  # bytes in which it is looked for
_BLANKS = " \t\r\n\v\f\0\u00a0\ufeff\u200b"


@dataclass(frozen=True)
class Layout:
    """How a CSV is laid out.

    Parameters
    ----------
    separator
        Separator of the cells.
    names
        The header, stripped, under the names that the station file uses.
    line
        The line of the header, counted from 1.
    end
        The last line of the header.
    above
        Lines above the header with something in them.
    """

    separator: str
    names: tuple[str, ...]
    line: int
    end: int
    above: tuple[int, ...]


def find_layout(data: bytes, wanted: Sequence[str], path: str) -> Layout:
    """Find the row with most of the wanted columns, with the separator that gives most of them.

    Parameters
    ----------
    data
        The file, as UTF-8.
    wanted
        The names needed.
    path
        The file's name, for messages.

    Raises
    ------
    TableError
        The file is empty, or has no such header; the columns that are missing are named.
    """
    head = data[:_HEAD]
    if not head.strip(b" \t\r\n\v\f\0"):
        raise TableError(f"{path}: the file is empty, expected a header and rows")
    layout = _best(head, wanted)
    if layout is None:
        if not head.translate(None, b";,|\t \r\n\"'"):
            raise TableError(f"{path}: the file is empty, expected a header and rows")
        raise TableError(f"{path}: line 1: got a quote that is not closed, expected a header; close it")
    fault = header_fault(layout.names, wanted)
    if fault is not None:
        if 2 * len(set(layout.names) & set(wanted)) < len(set(wanted)):
            fault = other_content(head.decode("utf-8", "replace"), layout.names, wanted) or fault
        raise TableError(f"{path}: line {layout.line}: {fault}")
    names = list(layout.names)
    while names and not names[-1]:
        names.pop()
    return Layout(layout.separator, tuple(names), layout.line, layout.end, layout.above)


def _best(head: bytes, wanted: Sequence[str]) -> Layout | None:
    """Return the layout that has most of the wanted columns."""
    best: tuple[tuple[int, int, int], Layout] | None = None
    for separator in sorted(SEPARATORS, key=lambda separator: -head.count(separator.encode())):
        found = _header(head, separator, wanted)
        if found is not None:
            rank = (len(set(found.names) & set(wanted)), len(found.names), -SEPARATORS.index(separator))
            if best is None or rank > best[0]:
                best = rank, found
            if rank[0] == len(set(wanted)) > 1:
                return found  # no other separator gives as much
    aligned = _header(head, ALIGNED, wanted) if len(set(wanted)) > 1 else None
    if aligned is not None and set(wanted) <= set(aligned.names):
        return aligned
    return best[1] if best else None


def has_header(text: str, wanted: Sequence[str]) -> bool:
    """Whether a text begins with a header that has the wanted columns."""
    found = (_header(text.encode("utf-8", "replace"), separator, wanted) for separator in (*SEPARATORS, ALIGNED))
    return any(layout is not None and set(wanted) <= set(layout.names) for layout in found)


def is_blank(row: Sequence[str]) -> bool:
    """Whether a row holds nothing, or nothing but separators of any kind."""
    return not "".join(row).strip(_BLANKS + ";,|\"'")


def csv_rows(data: bytes, separator: str) -> Reader:
    """Return a reader of the rows of a text in UTF-8."""
    return csv_reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", "replace", newline=""), separator)


def csv_reader(lines: Iterator[str], separator: str) -> Reader:
    """Return a reader of the rows of lines."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)


def _header(data: bytes, separator: str, wanted: Sequence[str]) -> Layout | None:
    """Find the first row with most of the wanted names, or else the first that is no comment."""
    best: tuple[int, bool, tuple[str, ...], int, int] | None = None
    above: list[int] = []
    reader = csv_rows(data, separator)
    end = 0
    try:
        for row in itertools.islice(reader, _DEEPEST):
            line, end = end + 1, reader.line_num
            if is_blank(row):
                continue
            above.append(line)
            if separator == ALIGNED and len(row) > 1 and row[0] in COMMENT_MARKS:
                row = row[1:]  # noqa: PLW2901  # a header that is a comment itself
            names = match_names(row, wanted)
            found = len(set(names) & set(wanted))
            plain = not _is_remark(row)
            if best is None or (found, plain) > (best[0], best[1]):
                best = found, plain, names, line, end
            if found == len(wanted):
                break
    except csv.Error:
        pass
    if best is None:
        return None
    _, _, names, line, end = best
    return Layout(separator, names, line, end, tuple(each for each in above if each < line))


def _is_remark(row: Sequence[str]) -> bool:
    first = row[0].strip()
    return first.startswith(COMMENT_MARKS) or first.lower().startswith("sep=")


def match_names(row: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return a header's cells as the station writes them: other forms of the same characters do not count."""
    names = [cell.strip(_BLANKS) for cell in row]
    if set(wanted) <= set(names):
        return tuple(names)
    known = {_folded(name): name for name in wanted}
    first = names[0].lstrip("#%/;! ") if names else ""
    if first in known.values() or _folded(first) in known:
        names[0] = first  # a header that is a comment itself
    return tuple(name if name in wanted else known.get(_folded(name), name) for name in names)


def _folded(name: str) -> str:
    """Return a name with one character for each sign: the micro sign is a mu, the ohm sign an omega."""
    plain = unicodedata.normalize("NFKC", name.replace("\u00ba", "\u00b0").replace("\u02da", "\u00b0"))
    return " ".join(plain.strip(_BLANKS + "\"'").split())
