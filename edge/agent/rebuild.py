"""Rebuilding: after a start, a station's state comes from its last readings in the journal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.journal.transaction import ReadingRow
from edge.readings.reading import Reading
from edge.scoring.scorer import Scorer
from edge.scoring.state import StationState, trusted


def rebuild(state: StationState, scorer: Scorer, rows: Sequence[ReadingRow]) -> list[Reading]:
    """Let a new state see what it has seen before.

    Nothing of the state is stored but its count and its rates: lags, medians, backgrounds, warm-up, what is held and
    the cadence are those of a state that never stopped, as long as the rows reach back far enough (2000 do).

    Parameters
    ----------
    state
        A new one; its rates and its count stay as they are.
    scorer
        Of its bundle.
    rows
        The station's readings, the oldest first. Late ones are passed over: they changed nothing then, either.

    Returns
    -------
    list of Reading
        What it has seen.
    """
    n = state.n
    readings = [_reading(row) for row in rows if not row.late]
    try:
        scorer.remember([(state, reading) for reading in readings])
    finally:
        state.n = n
    return readings


def _reading(row: ReadingRow) -> Reading:
    values = tuple(np.frombuffer(row.values).tolist())
    return Reading(station="", values=values, ts=trusted(row.ts, row.received), seq=row.seq, received=row.received)
