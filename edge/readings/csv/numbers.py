"""Decodes columns of text to numbers, and finds out what their commas and points mean."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.header import quoted
from edge.readings.decoding.dialect import BLANKS, Dialect

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f\u2009\u2019])\d{3})(?:\1\d{3})*(?:[.,]\d*)?", re.ASCII)
_MARKS = {" ": " \u00a0\u202f\u2009", "'": "'\u2019", ",": ",", ".": "."}
"""Characters that stand for a mark between thousands."""

_WITH_UNIT = re.compile(r"([+-]?\d[\d.,]*)\s*([^\W\d_].*|[%°µ].*)")

_MANY = 20  # rows from which one sentence stands for a column that is written in another form
_LEAST_POINTS = 12  # different numbers with exactly three digits behind a point, before the point is doubted


@dataclass
class _Doubt:
    """Numbers of one column that are two: 2,335 is 2.335 or 2335."""

    line: int
    text: str
    texts: set[str] = field(default_factory=set)  # the first ones that differ
    count: int = 0
    impossible: int = 0  # as thousands, not as decimals


class NumberColumns:
    """Decodes the number columns of one file, batch by batch.

    Parameters
    ----------
    station
        Its columns, their missing values, and how its files write numbers.
    bad
        Receives what makes the whole file unreadable.
    """

    def __init__(self, station: Station, bad: BadRows) -> None:
        self._features = station.features
        self._dialect = Dialect(station)
        self._bad = bad
        self._declared = _declared(station)
        self._first: dict[str, tuple[int, str, str]] = {}  # decimal sign -> line, column and cell that had it first
        self._proven: set[str] = set()  # signs that no mark between thousands can be
        self._doubts: dict[tuple[str, int], _Doubt] = {}
        self._plain: tuple[int, str, str] | None = None  # a number without a sign: line, column and cell
        self._rows = 0
        self._faults: dict[int, tuple[int, int, str]] = {}  # column -> cells in another form: count, line, sentence

    def decode(self, cells: Sequence[str], lines: Sequence[int], column: int) -> tuple[Floats, dict[int, str]]:
        """Decode a column [N]; nan for a missing value.

        Returns
        -------
        tuple
            The numbers, and a sentence for each row whose cell is neither a number nor missing.
        """
        joined = "".join(cells)
        comma, point = "," in joined, "." in joined
        faults: dict[int, str] = {}
        # float() also accepts 1_000 and digits of other scripts: such columns are read cell by cell.
        if self._declared is None and joined.isascii() and "_" not in joined and not (comma and point):
            values = _floats([cell.replace(",", ".") for cell in cells] if comma else cells)
            odd = np.flatnonzero(~np.isfinite(values)).tolist()
        else:
            values, odd = np.full(len(cells), np.nan), list(range(len(cells)))
        for i in odd:
            found = self._cell(cells[i], column)
            if found is None:
                faults[i], form = self._fault(cells[i])
                if form:
                    count, line, sentence = self._faults.get(column, (0, lines[i], faults[i]))
                    self._faults[column] = count + 1, line, sentence
            else:
                values[i] = found
        if self._declared is None:
            self._weigh(cells, lines, column, comma, point)
        sentinels = self._dialect.numbers[column]
        if sentinels:
            values[np.isin(values, list(sentinels))] = np.nan
        return values, faults

    def settle(self, rows: int) -> None:
        """Refuse the file if its numbers are in another form, or its signs may separate decimals or thousands.

        Parameters
        ----------
        rows
            Number of the rows decoded.
        """
        for column, (count, line, sentence) in self._faults.items():
            if rows >= _MANY and count > rows / 2:
                self._bad.refuse(line, f"{sentence} (and {count - 1} more like it)", self._features[column].name)
        for (mark, _), doubt in self._doubts.items():
            if doubt.impossible > doubt.count / 2:
                self._proven.add(mark)
        certain = [mark for mark in ",." if mark in self._first and mark in self._proven]
        doubtful = [mark for mark in ",." if mark in self._first and mark not in self._proven]
        if len(certain) == 2:
            (line, name, comma), (point_line, point_name, point) = self._first[","], self._first["."]
            self._bad.refuse(
                line,
                f"got {quoted(comma)} beside {quoted(point)} (line {point_line}, column {quoted(point_name)}), "
                "expected one decimal sign in a file; write numbers without separators of thousands",
                name,
            )
        for mark in doubtful:
            doubts = [(doubt.line, column, doubt) for (each, column), doubt in self._doubts.items() if each == mark]
            if not doubts:
                continue
            line, column, doubt = min(doubts, key=lambda each: each[0])
            count = sum(len(each.texts) for _, _, each in doubts)
            other = "." if mark == "," else ","
            if mark == "." and other not in self._first and (count < _LEAST_POINTS or self._plain is None):
                continue  # a point is a decimal sign unless much speaks against it
            self._bad.refuse(line, self._ambiguous(mark, other, doubt.text), self._features[column].name)

    def _ambiguous(self, mark: str, other: str, text: str) -> str:
        beside = self._first.get(other) or self._plain
        where = f" beside {quoted(beside[2])} (line {beside[0]}, column {quoted(beside[1])})" if beside else ""
        decimal = text.replace(mark, ".", 1) if text.count(mark) == 1 else None
        whole = text.replace(mark, "")
        readings = f"which is {decimal} or {whole}" if decimal else f"which is {whole} if its marks separate thousands"
        fix = f'fix: write thousands: "{mark}" into the station file'
        if other not in self._first:
            fix += f', or decimal: "{mark}" if it is a decimal sign'
        return f"got {quoted(text)}{where}, {readings}; {fix}"

    def _cell(self, cell: str, column: int) -> float | None:
        """Read a number, or nan for a missing value; ``None`` if it is neither."""
        text = cell.strip(BLANKS)
        if self._dialect.word(column, text):
            return math.nan
        text = text.replace("\u2212", "-")
        if self._declared is not None:
            pattern, marks, decimal = self._declared
            if pattern.fullmatch(text) is None:
                return None
            text = text.translate(marks).replace(decimal, ".")
        elif _NUMBER.fullmatch(text) is None:
            return None
        value = float(text.replace(",", "."))
        return value if math.isfinite(value) else math.nan

    def _fault(self, cell: str) -> tuple[str, bool]:
        """Return what is wrong with a cell, and whether that is the form in which it is written."""
        text = cell.strip()
        got = f"got {quoted(text)}, expected a number"
        found = _GROUPED.fullmatch(text)
        if found is not None:
            mark = next(key for key, forms in _MARKS.items() if found[1] in forms)
            decimal = "," if mark == "." or "," in text.replace(found[1], "") else "."
            plain = text.replace(found[1], "").replace(decimal, ".")
            sign = ' and decimal: ","' if decimal == "," and mark != "." else ""
            return f'{got}; if that is {plain}, write thousands: "{mark}"{sign} into the station file', True
        if self._declared is not None and _NUMBER.fullmatch(text):
            sign = "," if "," in text else "."
            declare = f'if "{sign}" is the decimal sign, write decimal: "{sign}" there'
            return f"{got} as the station file declares them; {declare}", True
        if found := _WITH_UNIT.fullmatch(text):
            return f"{got} without {quoted(found[2])} behind it; export the column as plain numbers", True
        if not any(map(str.isdigit, text)):
            declare = f"write missing: [{quoted(text)}] into the station file if it stands for no reading"
            return f"{got}; fix the cell or leave it empty, or {declare}", False
        return f"{got}; fix the cell or leave it empty", False

    def _weigh(self, cells: Sequence[str], lines: Sequence[int], column: int, comma: bool, point: bool) -> None:
        """Look for what a sign means: it is a decimal sign unless exactly three digits always follow it."""
        name = self._features[column].name
        low, high = self._features[column].range
        for mark in ",." if comma and point else "," if comma else "." if point else "":
            if mark in self._proven:
                continue
            for i, cell in enumerate(cells):
                if mark not in cell or not _NUMBER.fullmatch(text := cell.strip(BLANKS)):
                    continue
                self._first.setdefault(mark, (lines[i], name, text))
                if _THOUSANDS.fullmatch(text) is None:
                    self._proven.add(mark)
                    break
                doubt = self._doubts.setdefault((mark, column), _Doubt(lines[i], text))
                doubt.count += 1
                if len(doubt.texts) < _LEAST_POINTS:
                    doubt.texts.add(text)
                decimal, whole = float(text.replace(mark, ".")), float(text.replace(mark, ""))
                doubt.impossible += low <= decimal <= high and not low <= whole <= high
        if self._plain is None:
            for i, cell in enumerate(cells[:100]):
                if (text := cell.strip(BLANKS)).isdigit() and len(text) < 4:
                    self._plain = lines[i], name, text
                    break


def _floats(cells: Sequence[str]) -> Floats:
    """Convert what float() takes; nan for every other text."""
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        pass
    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        try:
            values[i] = float(cell)
        except ValueError:
            continue
    return values


def _declared(station: Station) -> tuple[re.Pattern[str], dict[int, None], str] | None:
    """Return the pattern of a number, the marks to strip and the decimal sign, if the station file declares them."""
    if station.thousands is None and station.decimal is None:
        return None
    decimal = station.decimal or ("," if station.thousands == "." else ".")
    marks = _MARKS.get(station.thousands or "", "")
    whole = r"\d+"
    if marks:
        sign = f"[{re.escape(marks)}]"
        whole = rf"(?:\d{{1,3}}(?:{sign}\d{{2,3}})*{sign}\d{{3}}|\d+)"
    point = re.escape(decimal)
    pattern = rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
    return re.compile(pattern, re.ASCII), {ord(mark): None for mark in marks}, decimal
