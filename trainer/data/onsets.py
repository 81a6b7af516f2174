"""Finds where plumes of gas begin in a record."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d

from edge.arrays import Floats
from edge.scoring.decider import QUIET
from trainer.data.record import Record

RISE = 0.75
"""Least rise of the gas that makes an onset, in backgrounds (1500 ppb of methane)."""
STANDS_OUT, LOG_STANDS_OUT = 10.0, 6.0
"""Least rise, and least rise of the logarithm, in usual ones: those that nine of ten rows of the record stay below. Of
the records that were looked at, rises of controlled releases reach 20 to 150 of them, and those of a city's traffic at
most 7."""
STEPS = 5.0
"""Least rise in usual changes from one row to the next (the median of those that are none): the last digit of a coarse
converter is no rise."""
WITHIN, APART = 5, 100
"""Rows in which the gas has to rise, and least rows between two onsets, because a plume flickers; without a cadence."""
WITHIN_SECONDS, APART_SECONDS = 300.0, 3600.0
"""The same in time, where the cadence is known."""
LEAST_APART = 12
"""Least rows between two onsets even where readings are rare."""


def rise_rows(cadence: float | None) -> int:
    """Return the rows within which the gas has to rise: five minutes, at least one row; 5 without a cadence [s]."""
    return WITHIN if cadence is None else max(1, round(WITHIN_SECONDS / cadence))


def onsets(
    record: Record, background: float, *, cadence: float | None = None, gas: int | None = None
) -> tuple[int, ...]:
    """Find the rows at which the gas has risen steeply, if it does so seldom.

    A rise is measured from the lowest reading in the five minutes before (the five rows, if the cadence is unknown),
    never across the border of a segment. It makes an onset when it is at least ``RISE`` backgrounds, ``STANDS_OUT``
    times what nine of ten rows of this record stay below, and ``STEPS`` times what the gas usually changes by from row
    to row; when that of the logarithm above the background is at least ``LOG_STANDS_OUT`` times as large as usual,
    because a city's traffic multiplies the gas; and when half of it is still there in most of the following rows, so
    that a single wild reading is none.

    In a record whose gas goes up and down all the time, as at a road, nothing stands out, and there are no onsets:
    such rises are found by :func:`plume_starts`, which looks at the level alone. What it usually does is judged by the
    readings that are there; in a cell that is held nothing begins.

    Parameters
    ----------
    record
        Record of a station with a gas column.
    background
        Gas reading in clean air, in its unit.
    cadence
        Seconds between rows; ``None``: that of the station file, and if it has none, rows are counted.
    gas
        Column of the gas; ``None``: the first one.
    """
    cadence = record.station.cadence if cadence is None else cadence
    within = rise_rows(cadence)
    apart = APART if cadence is None else max(LEAST_APART, round(APART_SECONDS / cadence))
    place = (record.station.gas_index or 0) if gas is None else gas
    column, read = record.values[:, place], ~record.held[:, place]
    pieces = [column[start:end] for start, end in record.stretches]
    if not pieces:
        return ()
    known = np.concatenate([read[start:end] for start, end in record.stretches])
    if not known.any():
        return ()
    lows = [_lowest_before(piece, within) for piece in pieces]
    rises = [piece - low for piece, low in zip(pieces, lows, strict=True)]
    changes = np.abs(np.concatenate([np.diff(piece) for piece in pieces]))
    changes = changes[changes > 0]
    if not len(changes):
        return ()
    usual = float(np.median(changes))
    least = max(RISE * background, STANDS_OUT * float(np.quantile(np.concatenate(rises)[known], 0.9)), STEPS * usual)
    floor = background if background > 0 else usual  # clean air may read 0
    ratios = [
        np.log(np.maximum(piece, floor) / np.maximum(low, floor)) for piece, low in zip(pieces, lows, strict=True)
    ]
    least_ratio = LOG_STANDS_OUT * float(np.quantile(np.concatenate(ratios)[known], 0.9))
    found: list[int] = []
    for (start, end), piece, low, rise, ratio in zip(record.stretches, pieces, lows, rises, ratios, strict=True):
        for row in np.flatnonzero((rise > least) & (ratio >= least_ratio) & read[start:end]).tolist():
            if found and start + row - found[-1] < apart:
                continue
            after = piece[row : row + max(within, 2)]
            if np.median(after) - low[row] > 0.5 * least:
                found.append(start + row)
    return tuple(found)


PLUME = 3.0
"""Multiple of the background from which a plume has come."""


def plume_starts(record: Record, background: float, *, gas: int | None = None) -> tuple[int, ...]:
    """Find the rows at which the gas first passes three times its background since it was last below 1.5 times.

    This finds a city's rush hours as well as leaks, however steep they are; a border of segments ends a plume.

    Parameters
    ----------
    record
        Record of a station with a gas column.
    background
        Gas reading in clean air, in its unit.
    gas
        Column of the gas; ``None``: the first one.
    """
    column = record.values[:, record.station.gas_index if gas is None else gas]
    found: list[int] = []
    for start, end in record.stretches:
        level = column[start:end]
        mark = np.where(level < QUIET * background, -1, np.where(level >= PLUME * background, 1, 0))
        rows = np.flatnonzero(mark)
        came = np.flatnonzero((mark[rows][1:] > 0) & (mark[rows][:-1] < 0)) + 1
        found += (rows[came] + start).tolist()
    return tuple(found)


def _lowest_before(values: Floats, within: int) -> Floats:
    """Return the lowest of each reading and the ``within`` before it [N]."""
    return np.asarray(minimum_filter1d(values, within + 1, origin=within // 2, mode="nearest"))
