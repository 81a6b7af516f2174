"""Joins the tables of files that are parts of one record, as the file of each day is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from edge.arrays import Indices
from edge.readings.csv.table import CsvTable
from edge.readings.csv.time_order import NEWEST_FIRST

_JUMBLED = 0.01
"""Share of the steps that go back, from which the rows of a file are in no order; fewer are a clock that was set."""
_LEAST = 3  # such steps


@dataclass(frozen=True)
class JoinedTable:
    """The rows of several tables, each following on the one before.

    Parameters
    ----------
    table
        The rows, numbered from 1 within each table.
    source
        Which table each row is of [N].
    """

    table: CsvTable
    source: Indices


def time_groups(tables: Sequence[CsvTable]) -> list[list[int]]:
    """Put tables into the order of their times; those that overlap are a group. Without times, they stay as they are.

    Parameters
    ----------
    tables
        Tables with at least one row each.

    Returns
    -------
    list of list of int
        Their numbers.
    """
    begins, ends = [], []
    for table in tables:
        if table.time is None:
            return [[number] for number in range(len(tables))]
        begins.append(float(table.time.min()))
        ends.append(float(table.time.max()))
    groups: list[list[int]] = []
    latest = -np.inf
    for number in sorted(range(len(tables)), key=lambda each: (begins[each], each)):
        if groups and begins[number] < latest:
            groups[-1].append(number)
        else:
            groups.append([number])
        latest = max(latest, ends[number])
    return groups


def join_tables(tables: Sequence[CsvTable], name: str) -> JoinedTable:
    """Join tables in the order of :func:`time_groups`; the rows of those that overlap are sorted by their times.

    Parameters
    ----------
    tables
        Tables of one station, with at least one row each.
    name
        What the joined table is called.
    """
    starts = list(accumulate((len(table.values) for table in tables), initial=0))
    spans = [np.arange(start, end) for start, end in pairwise(starts)]
    times = [table.time for table in tables if table.time is not None]
    time = np.concatenate(times) if len(times) == len(tables) else None
    parts = []
    for group in time_groups(tables):
        rows = np.concatenate([spans[number] for number in group])
        if time is not None and len(group) > 1:
            rows = rows[np.argsort(time[rows], kind="stable")]
        parts.append(rows)
    order = np.concatenate(parts)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    breaks = [start + row for start, table in zip(starts, tables, strict=False) for row in table.breaks]
    labels = [np.full(len(table.values), "") if table.labels is None else table.labels for table in tables]
    joined = CsvTable(
        file=name,
        names=tables[0].names,
        values=np.concatenate([table.values for table in tables])[order],
        time=None if time is None else time[order],
        lines=np.concatenate([table.lines - table.header_line for table in tables])[order],
        breaks=tuple(sorted(int(place[row]) for row in breaks if place[row])),
        header_line=0,
        labels=None if all(table.labels is None for table in tables) else np.concatenate(labels)[order],
    )
    return JoinedTable(joined, np.repeat(np.arange(len(tables)), np.diff(starts))[order])


def sort_jumbled(table: CsvTable) -> CsvTable:
    """Sort rows that are in no order of their times: a table of a database has none, other than a logger's file.

    Parameters
    ----------
    table
        The rows as they are in the file.
    """
    if table.time is None:
        return table
    steps = np.diff(table.time)
    back, moves = int(np.count_nonzero(steps < 0)), int(np.count_nonzero(steps))
    if back < max(_LEAST, _JUMBLED * moves) or back > NEWEST_FIRST * moves:
        return table
    order = np.argsort(table.time, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return replace(
        table,
        values=table.values[order],
        time=table.time[order],
        lines=table.lines[order],
        breaks=tuple(sorted(int(place[row]) for row in table.breaks if place[row])),
        labels=None if table.labels is None else table.labels[order],
        notes=(*table.notes, "its rows are in no order of their times; they were sorted"),
    )
