"""Reads a station's readings from CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from config.settings.station import Station
from config.yaml.messages import did_you_mean
from edge.arrays import Floats, Indices
from edge.errors import TableError
from edge.readings.csv.cells import Cells
from edge.readings.csv.header import header_fault, quoted
from edge.readings.dialect import Dialect

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = (";", "\t", ",")
"""Possible separators, in order of preference if a header can be read in more than one way."""

_BATCH = 20_000  # rows held as text at a time: bounds the memory for a long file


@dataclass(frozen=True)
class Dropped:
    """Rows that were left out.

    Parameters
    ----------
    reason
        Reason, in a word or two.
    count
        Number of rows.
    first_line
        Line of the first of them, counted from 1.
    """

    reason: str
    count: int
    first_line: int


@dataclass(frozen=True)
class CsvTable:
    """The readings of a file, columns in the station's order.

    Parameters
    ----------
    file
        Name of the file, without its folder.
    names
        Column names [F].
    values
        Readings [N, F] in the station's units; nan = missing.
    time
        Unix time [N] in [s]; ``None`` if the station names no time column.
    lines
        The line [N], counted from 1, on which each row begins.
    dropped
        The rows that were left out, by reason.
    breaks
        Rows before which rows of bare separators were left out: the readings on either side are not consecutive.
    """

    file: str
    names: tuple[str, ...]
    values: Floats
    time: Floats | None
    lines: Indices
    dropped: tuple[Dropped, ...] = ()
    breaks: tuple[int, ...] = ()


def read_table(path: str | Path, station: Station, *, absent: Collection[str] = ()) -> CsvTable:
    """Read a station's readings from a CSV.

    Separator (``;``, tab or ``,``), decimal comma, byte order mark (UTF-8, UTF-16), line ends, and blank rows and
    columns are detected; the station's sentinels become missing values; columns that it does not name are ignored.

    Parameters
    ----------
    path
        The file.
    station
        The station: its columns with their sentinels, and the name of its time column.
    absent
        Message keys of the columns to skip: nan in every row.

    Raises
    ------
    TableError
        The file cannot be read as this station's readings; one line for each of the first ten faults, with file, line
        and column.
    """
    for key in absent:
        if key not in station.keys:
            raise TableError(f"absent: got {quoted(key)}; {did_you_mean(key, station.keys)}")
    return _Reader(Path(path), station, absent).read()


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, station: Station, absent: Collection[str]) -> None:
        self.path = path
        self.station = station
        self.features = [(j, feature) for j, feature in enumerate(station.features) if feature.key not in absent]
        self.wanted = [feature.name for _, feature in self.features] + ([station.time] if station.time else [])
        self.cells = Cells(str(path))
        self.blank: list[int] = []  # lines
        self.breaks: list[int] = []

    def read(self) -> CsvTable:
        data = self._data()
        separator, header = self._header(data)
        values, times, lines = [], [], []
        for columns, where in self._batches(data, separator, len(header)):
            values.append(self._values(columns, where, header))
            if self.station.time:
                times.append(self.cells.times(columns[header.index(self.station.time)], where, self.station.time))
            lines.append(np.array(where, dtype=np.int64))
        self.cells.raise_faults()
        if not lines:
            raise TableError(
                f"{self.path}: got a header and no rows, expected readings below it; is it the right file?"
            )
        return CsvTable(
            file=self.path.name,
            names=self.station.names,
            values=np.concatenate(values),
            time=np.concatenate(times) if self.station.time else None,
            lines=np.concatenate(lines),
            dropped=(Dropped("blank", len(self.blank), self.blank[0]),) if self.blank else (),
            breaks=tuple(self.breaks),
        )

    def _data(self) -> bytes:
        """Read the file as UTF-8 without a byte order mark."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise TableError(f"{self.path}: {error.strerror or error}; expected a CSV that can be read") from error
        encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        try:
            data = data.decode(encoding).encode()
        except UnicodeError as error:
            line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
            got = f"got bytes that are not {encoding[:6].upper().rstrip('-')}"
            raise TableError(f"{self.path}: line {line}: {got}; save the file as CSV in UTF-8") from error
        if b"\0" in data:
            line = data.count(b"\n", 0, data.index(b"\0")) + 1
            raise TableError(f"{self.path}: line {line}: got a NUL byte, expected text; save the file as CSV in UTF-8")
        return data

    def _header(self, data: bytes) -> tuple[str, list[str]]:
        """Find the separator and the column names: those with most wanted columns, then with most columns."""
        best: tuple[int, int, int, str, list[str]] | None = None
        for preference, separator in enumerate(SEPARATORS):
            reader = _reader(data, separator)
            try:
                cells = next((row for row in reader if not _blank(row)), None)
            except csv.Error:
                continue
            if cells is None:
                raise TableError(f"{self.path}: the file is empty, expected a header and rows")
            names = [cell.strip() for cell in cells]
            found = (len(set(names) & set(self.wanted)), len(names), -preference, separator, names)
            if best is None or found[:3] > best[:3]:
                best, line = found, reader.line_num
        if best is None:
            raise TableError(f"{self.path}: line 1: got a quote that is not closed, expected a header; close it")
        *_, separator, names = best
        fault = header_fault(names, self.wanted)
        if fault is not None:
            raise TableError(f"{self.path}: line {line}: {fault}")
        while names and not names[-1]:
            names.pop()
        return separator, names

    def _batches(self, data: bytes, separator: str, width: int) -> Iterator[tuple[list[tuple[str, ...]], list[int]]]:
        """Yield the columns of a batch of rows as text, and the line of every row."""
        rows: list[list[str]] = []
        lines: list[int] = []
        count, broken = 0, False
        for line, row in self._rows(data, separator):
            if _blank(row):
                self.blank.append(line)
                broken = broken or len(row) > 1
            elif len(row) != width and (len(row) < width or not _blank(row[width:])):
                self.cells.refuse(line, f"got {len(row)} cells, expected {width} as in the header; mend the row")
            else:
                if broken and count:
                    self.breaks.append(count)
                broken = False
                count += 1
                rows.append(row)
                lines.append(line)
                if len(rows) == _BATCH:
                    yield list(zip(*rows, strict=False)), lines
                    rows, lines = [], []
        if rows:
            yield list(zip(*rows, strict=False)), lines

    def _rows(self, data: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows below the header, each with the line on which it begins."""
        reader = _reader(data, separator)
        end, below = 0, False
        try:
            for row in reader:
                if below:
                    yield end + 1, row
                below = below or not _blank(row)
                end = reader.line_num
        except csv.Error as error:
            self.cells.refuse(end + 1, f"got a cell that does not end ({error}); close its quote")

    def _values(self, columns: Sequence[Sequence[str]], lines: Sequence[int], header: list[str]) -> Floats:
        values = np.full((len(lines), self.station.size), np.nan)
        dialect = Dialect(self.station)
        for j, feature in self.features:
            column = self.cells.numbers(columns[header.index(feature.name)], lines, feature.name)
            column[np.isin(column, list(dialect.numbers[j]))] = np.nan
            values[:, j] = column
        return values


def _blank(row: Sequence[str]) -> bool:
    return not any(map(str.strip, row))


def _reader(data: bytes, separator: str) -> Reader:
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    return csv.reader(text, delimiter=separator, skipinitialspace=True, strict=True)
