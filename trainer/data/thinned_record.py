"""Takes evenly spaced runs of rows from a record that is longer than a fit needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.models.windows import Windows
from trainer.data.record import Record

MOST_ROWS = 200_000
"""Rows beyond which a record is thinned: 1 % and .1 % of them are 2,000 and 200, and time and memory grow with them."""
RUN = 5_000
"""Least rows of a run, whose memories are empty when it begins."""
REACHES = 4
"""Runs are at least this many times as long as the longest memory."""
LEAST_RUNS = 8
"""Least number of runs, so that no season is left out."""


def thin_record(record: Record, windows: Windows, most: int = MOST_ROWS) -> Record:
    """Return evenly spaced runs of consecutive rows, the first and the last rows among them; a short record as it is.

    Parameters
    ----------
    record
        The record.
    windows
        How far its memories reach.
    most
        Most rows, unless runs that fill the memories need more.
    """
    run = max(RUN, REACHES * max(windows.recenter_reach, windows.background_reach))
    count = max(LEAST_RUNS, most // run)
    rows = len(record.values)
    if rows <= max(most, count * run):
        return record
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
