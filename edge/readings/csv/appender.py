"""Continues a CSV of a station's readings in the layout that it has, or begins one."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from config.settings.station import Station
from config.time_format import TimeFormat
from edge.clock import rfc3339
from edge.errors import TableError
from edge.readings.csv.compression import decompress
from edge.readings.csv.layout import Layout, find_layout
from edge.readings.decoding.timestamps import load_zone

TIME = "time"
"""Name of the time column of a file that is begun for a station without one."""

_HEAD = _TAIL = 1 << 16  # bytes: no row is longer
AppendedRow = tuple[float, Sequence[float]] | tuple[float, Sequence[float], Sequence[str]]
"""Time, values and further cells of a row."""

_DECIMAL_COMMA = re.compile(rb"\d,\d")


class CsvAppender:
    """Appends readings to a file, each row on the disk before :meth:`append` returns.

    An existing file keeps its separator, its order of columns, its decimal sign and its line ends; columns of it that
    the station does not name stay empty.

    Parameters
    ----------
    path
        The file.
    station
        Its columns, and how its files write times and numbers.
    out
        Stream for what is done to an existing file.
    further
        Columns behind those of the station.

    Raises
    ------
    TableError
        The file is another kind of file, or lacks a column.
    OSError
        It cannot be read or written.
    """

    def __init__(self, path: Path, station: Station, out: TextIO, further: Sequence[str] = ()) -> None:
        self._times = station.time_columns or (TIME,)
        self._names = station.names
        self._format = TimeFormat(station.time_format) if station.time_format else None
        self._zone = load_zone(station.timezone) if station.timezone else UTC
        self._decimal = station.decimal or ("," if station.thousands == "." else ".")
        self._separator, self._end = ",", "\n"
        self._header: tuple[str, ...] = (*self._times, *self._names, *further)
        self._further = tuple(further)
        new = not path.exists() or path.stat().st_size == 0
        if not new:
            self._continue(path, out, station.decimal is None and station.thousands is None)
        self._file = path.open("a", encoding="utf-8", newline="")
        if new:
            self._write([self._header])

    def append(self, rows: Iterable[AppendedRow]) -> None:
        """Append readings: Unix time [s], values in the station's order, further cells; nan is an empty cell."""
        self._write(
            self._row(
                self._time(time)
                | dict(zip(self._names, map(self._number, values), strict=True))
                | (dict(zip(self._further, cells[0], strict=True)) if cells else {})
            )
            for time, values, *cells in rows
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, cells: dict[str, str]) -> list[str]:
        return [cells.get(name, "") for name in self._header]

    def _number(self, value: float) -> str:
        return "" if math.isnan(value) else repr(value).replace(".", self._decimal)

    def _time(self, time: float) -> dict[str, str]:
        if self._format is None:
            text = rfc3339(time)
            parts = [text] if len(self._times) == 1 else text.split("T")
        else:
            text = self._format.write(datetime.fromtimestamp(time, self._zone))
            parts = [text] if len(self._times) == 1 else text.split(maxsplit=1)
        return dict(zip(self._times, parts, strict=False))

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        csv.writer(self._file, delimiter=self._separator, lineterminator=self._end).writerows(rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _continue(self, path: Path, out: TextIO, detect: bool) -> None:
        """Find the layout of an existing file, and remove a last row that was cut off."""
        with path.open("rb+") as file:
            head = file.read(_HEAD)
            size = file.seek(0, os.SEEK_END)
            file.seek(-min(size, _TAIL), os.SEEK_END)
            tail = file.read()
            layout = self._layout(path, head)
            self._separator, self._header = layout.separator, layout.names
            self._end = "\r\n" if b"\r\n" in head else "\n"
            if detect and layout.separator != "," and _DECIMAL_COMMA.search(tail):
                self._decimal = ","
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            if torn:
                print(f"{path}: the last row was cut off and is removed", file=out, flush=True)
                file.seek(-torn, os.SEEK_END)
                file.truncate()

    def _layout(self, path: Path, head: bytes) -> Layout:
        got = ""
        text = head.removeprefix(b"\xef\xbb\xbf")
        try:
            if decompress(head, str(path))[0] != head:
                got = "a compressed file"
            elif b"\0" in text[:100]:
                got = "a file that is not UTF-8"
            else:
                return find_layout(text, self._header, str(path))
        except TableError:
            first = text.decode(errors="replace").splitlines()[:1]
            got = f"the columns {', '.join(next(csv.reader(first), []))}"
        raise TableError(f"{path}: got {got}, expected {', '.join(self._header)}; fix: record to another file")
