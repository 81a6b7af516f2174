"""Finds a column of times that the station file does not name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np

from config.time_format import TimeFormat, suggest_time_formats
from edge.readings.csv.header import quoted
from edge.readings.csv.time_order import NEWEST_FIRST
from edge.readings.decoding.timestamps import parse_timestamp

_NAME = re.compile(
    r"date|time|timestamp|datetime|ts|utc|zeit|datum|uhrzeit|fecha|hora|heure|data|created|epoch|unix", re.IGNORECASE
)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.m]\d{2}(?:[.,]\d+)?)?s?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)
_SAMPLE = 50  # rows of a batch


class UnnamedTime:
    """Looks for times in the columns of a file of which the station file names none.

    Parameters
    ----------
    names
        The header.
    wanted
        The columns that the station file names.
    """

    def __init__(self, names: Sequence[str], wanted: Sequence[str]) -> None:
        self._columns = [(i, name) for i, name in enumerate(names) if name not in wanted]
        self._found: tuple[int, str] | None = None
        self._format: TimeFormat | None = None
        self._note: str | None = None
        self._times: list[float] = []

    def look(self, columns: Sequence[Sequence[str]], rows: Sequence[int]) -> None:
        """Look at some rows of a batch: numbers of rows, in order, of which about 50 are taken."""
        if self._found is not None and self._found[0] >= len(columns):
            return  # a column at the end has gone since the header
        chosen = rows[:: max(1, len(rows) // _SAMPLE)]
        if self._note is None and not self._times:
            self._search(
                [
                    (i, name, [columns[i][row].strip() for row in chosen])
                    for i, name in self._columns
                    if i < len(columns)
                ]
            )
        if self._found is not None:
            self._times += [time for row in chosen if (time := self._read(columns[self._found[0]][row])) is not None]

    @property
    def newest_first(self) -> bool:
        """Whether the rows go back in time."""
        steps = np.diff(self._times)
        moves = np.count_nonzero(steps)
        return bool(len(self._times) > 2 and np.count_nonzero(steps < 0) > NEWEST_FIRST * moves)

    @property
    def notes(self) -> list[str]:
        """A sentence about the column, if there is one."""
        return [self._note] if self._note is not None else []

    def _search(self, columns: Sequence[tuple[int, str, list[str]]]) -> None:
        for i, name, cells in columns:
            if not cells or not all(cells):
                continue
            formats = suggest_time_formats(cells)
            if not formats and not _are_times(name, cells):
                continue
            self._found = i, name
            self._format = TimeFormat(formats[0]) if formats else None
            clock = next((other for _, other, texts in columns if other != name and _are_clocks(texts)), None)
            dates = all(len(cell) < 12 for cell in cells) and not cells[0].isdigit()
            fix = f"time: {_yaml(name)}"
            if clock is not None and dates:
                fix = f"time: [{_yaml(name)}, {_yaml(clock)}]"
            if formats:
                tail = " hh:mm:ss" if clock is not None and dates else ""
                fix += f" and {' or '.join(f'time_format: {each}{tail}' for each in formats)}"
            which = f"its column {quoted(name)}"
            if not name:
                which = f"its column {i + 1}, which has no name,"
                fix = fix.replace('time: ""', "time: NAME", 1).replace('time: [""', "time: [NAME", 1)
            write = f"write {fix}" if name else f"give it a name in the header, and write {fix}"
            self._note = (
                f"{which} holds times, and the station file has time: null, so that gaps are not "
                f"seen; fix: {write} into the station file"
            )
            return

    def _read(self, cell: str) -> float | None:
        try:
            if self._format is not None:
                return self._format.parse(cell).timestamp()
            return parse_timestamp(cell)
        except ValueError:
            return None


def find_clock(names: Sequence[str], columns: Sequence[Sequence[str]]) -> str | None:
    """Return the name of a column of times of day, or ``None``."""
    for name, cells in zip(names, columns, strict=False):
        if name and _are_clocks([cell.strip() for cell in cells[:_SAMPLE]]):
            return name
    return None


def _yaml(name: str) -> str:
    return name if re.fullmatch(r"\w[\w ()/.-]*", name) else quoted(name)


def _are_clocks(cells: Sequence[str]) -> bool:
    return bool(cells) and all(_CLOCK.fullmatch(cell) for cell in cells)


def _are_times(name: str, cells: Sequence[str]) -> bool:
    """Whether all cells are times; numbers only under a name that says so, and if they rise or fall."""
    try:
        times = [time for cell in cells if (time := parse_timestamp(cell)) is not None]
    except ValueError:
        return False
    if len(times) < len(cells):
        return False
    if all(re.fullmatch(r"[+-]?\d+(\.\d*)?", cell) for cell in cells):
        steps = {later > earlier for earlier, later in itertools.pairwise(times)}
        parts = re.split(r"[^A-Za-z]+", name)
        return len(steps) == 1 and len(set(times)) == len(times) and any(_NAME.fullmatch(part) for part in parts)
    return True
