"""Finds a column of times that the station file does not name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from config.time_format import suggest_time_formats
from edge.readings.csv.header import quoted
from edge.readings.timestamps import parse_timestamp

_NAME = re.compile(
    r"(date|time|timestamp|datetime|ts|utc|zeit|datum|uhrzeit|fecha|hora|heure|data|created|epoch|unix)s?",
    re.IGNORECASE,
)


def unnamed_time(names: Sequence[str], columns: Sequence[Sequence[str]], wanted: Sequence[str]) -> list[str]:
    """Return a sentence about a time column that the station file leaves out, or nothing.

    Parameters
    ----------
    names
        The header.
    columns
        Some rows, by column.
    wanted
        The columns that the station file names.
    """
    for name, cells in zip(names, columns, strict=False):
        if not name or name in wanted:
            continue
        sample = [cell.strip() for cell in cells]
        if _are_times(name, sample):
            sentence = (
                f"its column {quoted(name)} holds times, and the station file has time: null, so that gaps are not "
                f"seen; fix: write time: {name} into the station file"
            )
            return [sentence]
    return []


def _are_times(name: str, cells: Sequence[str]) -> bool:
    """Whether all cells are times; numbers only under a name that says so, and if they rise or fall."""
    if not cells or not all(cells):
        return False
    if suggest_time_formats(list(cells)):
        return True
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
