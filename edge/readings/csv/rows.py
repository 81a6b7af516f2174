"""Reads the rows below a header in batches, and sorts out what is no row of readings."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence

from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.header import quoted
from edge.readings.csv.layout import ALIGNED, Layout, csv_reader, is_blank
from edge.readings.decoding.dialect import BLANKS, MISSING_WORDS

BATCH = 20_000
"""Rows held as text at a time: bounds the memory for a long file."""

CUT_OFF = "cut off at the end of the file"

_MOST_RESTARTS = 50  # quotes that are not closed; each costs a search for its row from the start of the file
_REGULAR = 0.8  # share of the empty rows that come at one distance, from which that is how the file is written
_LEAST_REGULAR = 10  # such rows
_LONGEST_PACE = 10  # rows between two of them; beyond, an empty row stands for something
_MOST_LEADING = 5  # lines of units and the like below a header
_REMARKS = ("#", "//", "%")
_NUMBER = re.compile(r"[+-]?[\d.,' ]*\d[\d.,]*(?:[eE][+-]?\d+)?")

Batch = tuple[list[tuple[str, ...]], list[int]]
"""The columns of some rows as text, and the line of every row."""


class Rows:
    """The rows of one file.

    Parameters
    ----------
    data
        The file, as UTF-8.
    layout
        Its separator and header.
    wanted
        The names of the columns that are read.
    bad
        Receives the rows that cannot be read.

    Attributes
    ----------
    cuts
        Rows, counted over those yielded, before which others were left out; complete after the last batch.
    notes
        Sentences about the rows as a whole; complete after the last batch.
    whole
        Whether the last line ends.
    """

    def __init__(self, data: bytes, layout: Layout, wanted: Sequence[str], bad: BadRows) -> None:
        self.cuts: list[int] = []
        self.notes: list[str] = []
        self._empty: list[int] = []  # rows before which rows of nothing but separators lie
        self.whole = data.endswith((b"\n", b"\r"))
        self._data = data
        self._layout = layout
        self._places = [layout.names.index(name) for name in wanted]
        self._wanted = wanted
        self._bad = bad
        self._width = len(layout.names)
        self._last_line = 0
        self._leading = 0
        self._others: dict[int, tuple[int, int]] = {}  # cells of rows that have not as many as the header: count, line
        for line in layout.above:
            bad.leave_out(line, "above the header")

    def batches(self) -> Iterator[Batch]:
        """Yield the columns of every batch of rows as text, and the line of every row."""
        rows: list[list[str]] = []
        lines: list[int] = []
        count, cut, empty = 0, False, False
        for line, row in self._rows():
            if row is None:
                cut = True
                continue
            width = self._width
            if len(row) == width and any(map(str.strip, row)):
                pass
            elif is_blank(row) and "\0" not in "".join(row):
                self._bad.leave_out(line, "blank")
                empty = empty or len(row) > 1
                continue
            elif len(row) < width or not is_blank(row[width:]):
                sentence = f"got {len(row)} cells, expected {width} as in the header; mend the row"
                others, first = self._others.get(len(row), (0, line))
                self._others[len(row)] = others + 1, first
                # Whether there was a reading before is known only when the batch is decoded.
                self.reject(line, row, sentence, begun=count > _MOST_LEADING)
                cut = True
                continue
            if cut or empty:
                (self.cuts if cut else self._empty).append(count)
                cut = empty = False
            count += 1
            rows.append(row)
            lines.append(line)
            if len(rows) == BATCH:
                yield list(zip(*rows, strict=False)), lines
                rows, lines = [], []
        if rows:
            yield list(zip(*rows, strict=False)), lines
        self._refuse_another_width(count)
        pace = self._pace(count)
        if pace:
            which = {2: "second", 3: "third"}.get(pace, f"{pace}th")
            self.notes.append(f"every {which} row is empty; the rows between are taken to follow one another")
        else:
            self.cuts = sorted(self.cuts + self._empty)

    def _refuse_another_width(self, count: int) -> None:
        """Refuse a file with a header that does not go with its rows in one sentence."""
        cells, (others, first) = max(self._others.items(), key=lambda each: each[1], default=(0, (0, 0)))
        if others < _LEAST_REGULAR or others <= count:
            return
        fix = "give every column a name there"
        if cells > self._width and self._layout.separator == ",":
            fix += ', or write ";" between the cells if the comma is the decimal sign'
        self._bad.refuse(
            first, f"got {cells} cells in {others} rows, expected {self._width} as in the header; fix: {fix}"
        )

    def _pace(self, count: int) -> int:
        """Return at which distance rows are empty, if that is how the file is written; otherwise 0."""
        steps = [after - before for before, after in itertools.pairwise(self._empty)]
        if len(self._empty) < _LEAST_REGULAR:
            return 0
        step = sorted(steps)[len(steps) // 2]
        regular = steps.count(step) >= _REGULAR * len(steps) and step * len(self._empty) >= _REGULAR * (count - 1)
        return step + 1 if regular and step < _LONGEST_PACE else 0

    def remarks(self, column: Sequence[str]) -> list[int]:
        """Find the rows that are comments although they have as many cells as the header."""
        joined = "".join(column)
        if not any(mark in joined for mark in _REMARKS):
            return []
        found = [i for i, cell in enumerate(column) if _is_remark(cell.strip())]
        return found if len(found) <= max(1, len(column) // 20) else []  # else these are the column's values

    def is_last(self, line: int) -> bool:
        """Whether a line is the last one of the file."""
        if not self._last_line:
            text = self._data.replace(b"\r\n", b"\n")
            self._last_line = text.count(b"\n") + text.count(b"\r") + (not self.whole)
        return line == self._last_line

    def reject(
        self, line: int, row: Sequence[str], sentence: str, *, column: str = "", reason: str = "", begun: bool = True
    ) -> None:
        """Count a row that cannot be read, by what it seems to be.

        Parameters
        ----------
        line
            Its line.
        row
            Its cells.
        sentence
            What was got and expected.
        column
            The column at fault, if it is one.
        reason
            Why it is dropped, unless it is one of the kinds known here.
        begun
            Whether there was a reading before it.
        """
        cells = [cell.strip(BLANKS) if "\0" not in cell else cell for cell in row]
        last = not self.whole and self.is_last(line)
        if any("\0" in cell for cell in cells):
            sentence = "got a NUL byte, expected text; save the file as CSV in UTF-8"
            self._bad.add(line, "NUL bytes", sentence, free=last)
        elif set(self._wanted) & set(cells) and len(set(self._wanted) & set(cells)) * 2 >= len(self._wanted):
            self._again(line, cells)
        elif _is_remark(cells[0]) or (not cells[0] and self._layout.separator == ";" and len(cells) == 2):
            self._bad.add(line, "a comment", sentence, column, harmless=True)
        elif last and (reason == CUT_OFF or len(row) < self._width):
            self._bad.add(line, CUT_OFF, sentence, column, free=True)
        elif not any(_NUMBER.fullmatch(cell) for cell in cells):
            leading = not begun and self._leading < _MOST_LEADING
            self._leading += leading
            self._bad.add(line, "text in place of numbers", sentence, column, free=leading)
        else:
            self._bad.add(line, reason or "another number of cells than the header", sentence, column)

    def _again(self, line: int, cells: list[str]) -> None:
        same = all(i < len(cells) and cells[i] == self._layout.names[i] for i in self._places)
        if same:
            while cells and not cells[-1]:
                cells.pop()
            self._width = len(cells)  # a station that has a column more since then
            self._bad.add(line, "the header again", "got the header again, expected a row", harmless=True)
            return
        named = ", ".join(map(quoted, [cell for cell in cells if cell][:30]))
        self._bad.refuse(
            line, f"got another header ({named}), whose columns are not where they were; split the file here"
        )

    def _rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Yield the rows below the header, each with its first line; ``None``: one that cannot be read."""
        start = self._layout.end
        aligned = self._layout.separator == ALIGNED
        for _ in range(_MOST_RESTARTS):
            end = start
            reader = csv_reader(itertools.islice(self._lines(), start, None), self._layout.separator)
            fault = ""
            try:
                for row in reader:
                    line, end = end + 1, start + reader.line_num
                    if end > line and len(row) != self._width:  # a quote within a torn row swallows rows
                        fault = "its quote ends on another line"
                        break
                    if aligned:
                        while row and not row[-1]:  # blanks at the end are no cell
                            row.pop()
                    yield line, row
                else:
                    return
            except csv.Error as error:
                line, fault = end + 1, str(error)
            last = not self.whole and self.is_last(line)
            self._bad.add(
                line,
                CUT_OFF if last else "a quote that is not closed",
                f"got a cell that does not end ({fault}); close its quote",
                free=last,
            )
            yield line, None
            start = line
        self._bad.refuse(start, f"got {_MOST_RESTARTS} quotes that are not closed; close them")

    def _lines(self) -> Iterator[str]:
        lines = io.TextIOWrapper(io.BytesIO(self._data), "utf-8", "replace", newline="")
        if b"\0" not in self._data:
            return lines
        # A block that was never written, or was erased: its line is kept as one cell, so that lines are still counted.
        return ("\0\n" if "\0" in line else line for line in lines)


def _is_remark(cell: str) -> bool:
    """Whether a cell begins a comment; ``#N/A`` is a missing value."""
    return cell.startswith(_REMARKS) and cell.casefold() not in MISSING_WORDS
