"""Spans: rows that follow one another in time."""

from __future__ import annotations

import numpy as np

from edge.arrays import Indices
from trainer.data.record import Record


def spans(record: Record, rows: Indices) -> list[Indices]:
    """Cut rows where one does not follow the other, because it is left out or because a segment begins.

    Parameters
    ----------
    record
        Its segments.
    rows
        Row numbers, in any order.

    Returns
    -------
    list
        Arrays of consecutive row numbers, in order; together they are ``rows``. Nothing that has a memory may cross
        from one to the next.
    """
    ordered = np.sort(rows)
    begins = np.isin(ordered[1:], [start for start, _ in record.segments])
    return np.split(ordered, np.flatnonzero((np.diff(ordered) != 1) | begins) + 1)
