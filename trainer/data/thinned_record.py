"""Takes evenly spaced runs of rows from a record that is longer than a fit needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.models.windows import Windows
from trainer.data.record import Record

MOST_ROWS = 100_000
"""Rows beyond which a record is thinned: 1 % and .1 % of them are 1,000 and 100, and time and memory grow with them."""
RUN = 5_000
"""Least rows of a run, whose memories are empty when it begins."""
REACHES = 4
"""Runs are this many times as long as the longest memory, where that leaves enough of them."""
LEAST_RUNS = 4
"""Least number of runs, so that the record is represented from its beginning to its end."""


def thin_record(record: Record, windows: Windows, most: int = MOST_ROWS) -> Record:
    """Return evenly spaced runs of consecutive rows, the first and the last rows among them; a short record as it is.

    Parameters
    ----------
    record
        The record.
    windows
        How far its memories reach.
    most
        Most rows.
    """
    rows = len(record.values)
    if rows <= most:
        return record
    run = min(max(RUN, REACHES * max(windows.recenter_reach, windows.background_reach)), most // LEAST_RUNS)
    count = most // run
    starts = np.linspace(0, rows - run, count).round().astype(np.int64)
    kept = (starts[:, None] + np.arange(run)).ravel()
    thinned = record.take(kept)
    if record.absent is None:
        return thinned
    return replace(thinned, absent=record.absent.take(record.rows_without_gas(kept)))


def thinning_sentence(whole: Record, thinned: Record) -> str:
    """Say what was done."""
    rows = f"{len(thinned.values):,} of {len(whole.values):,} rows"
    return f"fitted and measured on {rows}, in {len(thinned.segments)} runs spread evenly over the record"
