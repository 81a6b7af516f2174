"""Reads rows as a gateway does: fills them with last good values, and finds out where its memory begins or restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np

from config.settings.station import Station
from edge.arrays import Flags, Floats, Indices, Mask
from edge.models.scores import ScoreState
from edge.models.windows import Windows
from edge.readings.gaps import median_interval
from edge.readings.quality import GOOD
from edge.readings.station_clock.record_clock import RecordClock
from edge.scoring.adaptation import Adaptation
from edge.scoring.segments import Segments
from edge.scoring.state import Arrival, StationState
from trainer.data.window_rule import resolve_windows

Span = tuple[int, int]
"""First row, and the row after the last one."""

_BLOCK = 50_000  # rows that are filled at a time, for the sake of memory


class FilledRows(NamedTuple):
    """The M of N rows in which every channel is good or could be filled.

    Parameters
    ----------
    rows
        Their row numbers among the N, [M].
    values
        The rows with the last good value in place of every cell that is missing or outside its physical range, [M, F].
    held
        Which cells these are, [M, F].
    segments
        ``(start, end)`` of the M rows that one memory sees.
    restarts
        Numbers among the M rows, within a segment, at which the latest readings are forgotten and the baseline is not.
    cadence
        Interval between the N rows [s], declared or learnt; ``None``: unknown.
    """

    rows: Indices
    values: Floats
    held: Mask
    segments: tuple[Span, ...]
    restarts: tuple[int, ...]
    cadence: float | None


def fill_rows(values: Floats, flags: Flags, time: Floats | None, begins: Sequence[int], station: Station) -> FilledRows:
    """Fill rows by the gateway's own rules, which are those of the modules that this one calls.

    Parameters
    ----------
    values
        Rows [N, F] in the order of the record; filled in place.
    flags
        Their flags [N, F], see :func:`edge.readings.quality.flag`.
    time
        Unix time of the rows [s], [N], nan where a row has none; ``None``: no row has one.
    begins
        Rows at which nothing that was seen before applies: the first row, and others in order.
    station
        The station, for its cadence and its windows.

    Raises
    ------
    TrainingError
        A window is declared in time, and the cadence is unknown.
    """
    cadence = station.cadence if station.cadence is not None or time is None else _cadence(time)
    windows = resolve_windows(station, cadence, len(values))
    bad = flags != GOOD
    faulty = set(np.flatnonzero(bad.any(axis=1)).tolist())
    actual = np.empty_like(values) if faulty else values  # not needed, but filled as well
    rows: list[int] = []
    segments: list[Span] = []
    restarts: list[int] = []
    for first, end in pairwise([*begins, len(values)]):
        start = len(rows)
        gap = Arrival.NEXT
        for arrival, own in _pieces((values, actual, flags, faulty), time, range(first, end), station, windows):
            gap = max(gap, arrival)
            if not own:
                continue
            here = len(rows)
            if gap is Arrival.LONG_GAP and here > start:
                segments.append((start, here))
                start = here
            elif gap is not Arrival.NEXT and here > start:
                restarts.append(here)
            gap = Arrival.NEXT
            rows += own
        if len(rows) > start:
            segments.append((start, len(rows)))
    every = len(rows) == len(values)
    found = np.array(rows, dtype=np.intp)
    return FilledRows(
        rows=found,
        values=values if every else values[found],
        held=bad if every else bad[found],
        segments=tuple(segments),
        restarts=tuple(restarts),
        cadence=cadence,
    )


def _cadence(time: Floats) -> float | None:
    """Learn the interval between rows [s], of which some may have no time."""
    return median_interval(time[np.isfinite(time)])


def _pieces(
    cells: tuple[Floats, Floats, Flags, set[int]],
    time: Floats | None,
    rows: range,
    station: Station,
    windows: Windows,
) -> Iterator[tuple[Arrival, list[int]]]:
    """Fill the rows of one memory in place; yield how each piece of them follows the one before, and its rows."""
    state = StationState(
        station.size,
        score_state=cast("ScoreState", None),  # nothing is scored
        adaptation=Adaptation(1.0),
        clock=RecordClock(station.cadence),
        windows=windows,
    )
    for block in range(rows.start, rows.stop, _BLOCK):
        segments = Segments()
        several = range(block, min(block + _BLOCK, rows.stop))
        if time is None:
            for row in several:
                segments.add(state, Arrival.NEXT, row)
        else:
            for row, stamp in zip(several, time[several.start : several.stop].tolist(), strict=True):
                arrival, _ = state.arrive(None if stamp != stamp else stamp, 0.0)  # noqa: PLR0124  # nan
                segments.add(state, arrival, row)
        for wave in segments.waves(*cells):
            for piece in wave:
                yield piece.arrival, piece.rows
