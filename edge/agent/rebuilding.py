"""Rebuilds what is remembered of a station from its last readings in the journal."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np

from edge.agent.station_journal import COPY_EVERY
from edge.journal.transaction import ClockRow, MemoryRow, ReadingRow
from edge.readings.reading import Reading
from edge.readings.station_clock.placement import PLACED
from edge.scoring.scorer import Scorer
from edge.scoring.state import Arrival, StationState


def rebuild(
    state: StationState,
    scorer: Scorer,
    rows: Sequence[ReadingRow],
    clock: ClockRow | None = None,
    memory: MemoryRow | None = None,
    *,
    drift: MemoryRow | None = None,
) -> list[Reading]:
    """Rebuild a station's state from its last readings.

    Only its count, its rates and now and then its clock are journalled as such. Lags, medians, backgrounds, warm-up and
    last good values become those of a state that never stopped if the rows reach back far enough. 2000 do, unless
    windows are longer; ``memory`` has what the rows before it no longer give of them.

    Parameters
    ----------
    state
        A new state; its count and its rates are not changed.
    scorer
        Scorer of its bundle.
    rows
        The station's readings, the oldest first. Those beside the order are skipped: they changed nothing when they
        came, either. Those of version 0.2 are placed now.
    clock
        The station's clock as it was last journalled; the rows after it give the rest. ``None``: all rows do.
    memory
        Its long windows as they were last journalled, with the same bundle; ``None``: the rows are all there is. One
        that is older than the rows is of another time, in which the station had this bundle as well: it is ignored.
    drift
        Its drift as it was last journalled, with the same bundle; the rows after it give the rest, but for the errors.

    Returns
    -------
    list of Reading
        The readings that were not skipped.
    """
    n = state.n
    readings = [read_row(row) for row in rows]
    if memory is not None and rows and rows[0].n - memory.n > COPY_EVERY:
        memory = None
    try:
        seen = 0 if memory is None else bisect_right([row.n for row in rows], memory.n)
        batch, codes = [(state, reading) for reading in readings], [row.place for row in rows]
        arrivals = scorer.advance(batch[:seen], codes[:seen])
        if memory is not None:
            with contextlib.suppress(ValueError, msgspec.DecodeError):  # without it, the rows give what they can
                state.restore(memory.snapshot)
        arrivals += scorer.advance(batch[seen:], codes[seen:])
        _resume(state, rows, clock)
    finally:
        state.n = n
    arrived = zip(rows, readings, arrivals, strict=True)
    kept = [(row.n, each) for row, each, arrival in arrived if arrival is not Arrival.BESIDE]
    seen = _resume_drift(state, drift)
    scorer.replay_drift(state, [each for number, each in kept if number > seen])
    return [each for _, each in kept]


def _resume_drift(state: StationState, row: MemoryRow | None) -> int:
    """Let a station's drift go on from where it was journalled; returns the number of the last reading it has seen."""
    if state.drift is None or row is None:
        return 0
    try:
        state.drift.restore(row.snapshot)
    except (ValueError, msgspec.DecodeError):
        return 0
    return row.n


def _resume(state: StationState, rows: Sequence[ReadingRow], clock: ClockRow | None) -> None:
    """Let the station's clock go on from where it was journalled."""
    placed = 0
    if clock is not None:
        with contextlib.suppress(ValueError):  # a clock that cannot be read places all readings again
            state.clock.restore(clock.snapshot)
            placed = clock.n
    for row in rows:
        if row.n > placed and row.place & PLACED:
            state.clock.resume(row.place & ~PLACED, row.ts, row.received)


def read_row(row: ReadingRow) -> Reading:
    """Return the reading of a journalled row, without its station's name."""
    values = tuple(np.frombuffer(row.values).tolist())
    return Reading(station="", values=values, ts=row.ts, seq=row.seq, received=row.received)
