"""Puts a file's rows into the order of time, and says where its times and the station file disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.arrays import Floats, Indices
from edge.readings.csv.table import CsvTable
from edge.readings.gaps import MOST_CADENCES, MOST_DISAGREEMENT, median_interval

NEWEST_FIRST = 0.9
"""Share of the steps that go back from which a file counts as newest first."""

_HOUR, _NEARLY = 3600.0, 660.0  # [s] the step back of an autumn night, less one interval of up to eleven minutes


def in_time_order(
    table: CsvTable, cadence: float | None, *, newest_first: bool = False, numbered: str = "line"
) -> CsvTable:
    """Turn a file round that is newest first, and replace single stamps that stand out.

    Parameters
    ----------
    table
        The rows as they are in the file.
    cadence
        Interval [s] that the station file states, or ``None``.
    newest_first
        Whether a table without times is known to be newest first.
    numbered
        What the rows are numbered by: line, or row.

    Returns
    -------
    CsvTable
        The same rows, with notes about what was found.
    """
    time = table.time
    if len(table.values) < 2 or (time is None and not newest_first):
        return table
    if time is None:
        return _turned(table)
    steps = np.diff(time)
    moves = np.count_nonzero(steps)
    if len(time) > 2 and moves and np.count_nonzero(steps < 0) > NEWEST_FIRST * moves:
        table = _turned(table)
        time = time[::-1]
    notes = list(table.notes)
    own = median_interval(time)
    stray = _strays(time, cadence or own or 0.0)
    if len(stray):
        time = time.copy()
        time[stray] = (time[stray - 1] + time[stray + 1]) / 2
        many = f"{len(stray)} time stamps stand" if len(stray) > 1 else "a time stamp stands"
        notes.append(f"{many} out between two that fit; ignored (first at {numbered} {int(table.lines[stray].min())})")
    back = np.flatnonzero(np.diff(time) < 0)
    if len(back):
        notes.append(_back_note(time, back, table.lines, numbered))
    if (note := cadence_disagreement(time, cadence)) is not None:
        notes.append(note)
    return replace(table, time=time, notes=tuple(notes))


def _back_note(time: Floats, back: Indices, lines: Indices, numbered: str) -> str:
    times = f"{len(back)} times" if len(back) > 1 else "once"
    first = int(back[0])
    hint = ""
    if _HOUR - _NEARLY < time[first] - time[first + 1] <= _HOUR:
        hint = "; if summer time ended there, write timezone: with the station's zone into the station file"
    return f"its times go back {times}, and a segment ends there (first at {numbered} {int(lines[first + 1])}){hint}"


def _turned(table: CsvTable) -> CsvTable:
    rows = len(table.values)
    return replace(
        table,
        values=table.values[::-1],
        time=None if table.time is None else table.time[::-1],
        lines=table.lines[::-1],
        labels=None if table.labels is None else table.labels[::-1],
        breaks=tuple(sorted(rows - row for row in table.breaks)),
        notes=(*table.notes, "its rows are newest first; they were turned round"),
    )


def cadence_disagreement(time: Floats, cadence: float | None) -> str | None:
    """Return a sentence if times [N] and the cadence [s] that the station file states disagree.

    Parameters
    ----------
    time
        Times of rows that follow on one another, Unix time [s].
    cadence
        Interval that the station file states, or ``None``.
    """
    own = median_interval(time)
    if cadence is None or own is None or 1 / MOST_DISAGREEMENT < cadence / own < MOST_DISAGREEMENT:
        return None
    return cadence_note(cadence, own)


def cadence_note(cadence: float, own: float) -> str:
    """Return a sentence about a cadence [s] that is not the rows' own [s]."""
    effect = ""
    if own > MOST_CADENCES * cadence:
        effect = ", so that every row counts as a gap"
    elif own < cadence:
        effect = ", so that gaps are found late"
    return (
        f"its rows are {own:g} s apart and the station file states cadence: {cadence:g}{effect}; "
        f"fix: write cadence: {own:g}, or null to learn it"
    )


def _strays(time: Floats, cadence: float) -> Indices:
    """Find single stamps that lie outside their neighbours, which follow each other."""
    before, here, after = time[:-2], time[1:-1], time[2:]
    follow = (after > before) & (after - before <= 2 * MOST_CADENCES * cadence)
    found: Indices = np.flatnonzero(follow & ((here < before) | (here > after))) + 1
    return found
