"""Says in one sentence each why the rows of a file do not follow one another, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats, Indices
from edge.readings.csv.header import quoted
from edge.readings.csv.table import CsvTable

_REGULAR = 0.8
"""Share of the distances between a column's values that have to be the same, to speak of every k-th row."""
_LEAST = 10  # such distances
_MOST_NAMED = 4

_ORDINALS = {2: "second", 3: "third"}


def symptoms(table: CsvTable) -> list[str]:
    """Describe columns that are empty, or repeat their value, at a regular pace.

    Parameters
    ----------
    table
        A file's rows as they were recorded, missing values included.
    """
    sentences = []
    missing = np.isnan(table.values)
    for words, rows in (("every {} row lacks", missing), ("only every {} row has", ~missing)):
        for pace, names in _paces(table.names, [np.flatnonzero(column) for column in rows.T]).items():
            if words.startswith("only") and pace == 2:
                continue  # every second row lacks it: the same
            sentences.append(
                f"{words.format(_ordinal(pace))} {names}; only complete rows are learnt from; "
                "fix: record the columns together, or leave out the rows between"
            )
    moves = [_moves(column) for column in table.values.T]
    most = max((len(rows) for rows in moves), default=0)
    slow = [rows if len(rows) * 2 < most else np.zeros(0, dtype=np.int64) for rows in moves]
    for pace, names in _paces(table.names, slow).items():
        verbs = ("change", "repeat their value") if "," in names else ("changes", "repeats its value")
        sentences.append(f"{names} only {verbs[0]} every {_ordinal(pace)} row, and {verbs[1]} in between")
    return sentences


def _paces(names: Sequence[str], rows: Sequence[Indices]) -> dict[int, str]:
    """Return the columns, named in a list, by the distance at which their rows recur; only if it is regular."""
    found: dict[int, list[str]] = {}
    for name, places in zip(names, rows, strict=True):
        distances = np.diff(places)
        if len(distances) < _LEAST:
            continue
        pace = int(np.median(distances))
        if pace > 1 and np.mean(distances == pace) >= _REGULAR:
            found.setdefault(pace, []).append(name)
    return {pace: _listed(each) for pace, each in found.items()}


def _moves(column: Floats) -> Indices:
    """Return the rows in which a column has another value than in the row before."""
    with np.errstate(invalid="ignore"):
        found: Indices = np.flatnonzero(np.diff(column) != 0)
    return found


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(quoted, names[:_MOST_NAMED])) + more


def _ordinal(number: int) -> str:
    if number in _ORDINALS:
        return _ORDINALS[number]
    last = "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
