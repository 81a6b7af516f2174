"""Finds the gaps in a station's readings, by one rule for training records and live streams."""

from __future__ import annotations

import itertools

import numpy as np

from edge.arrays import Floats

MOST_CADENCES = 3.0
"""An interval longer than this many cadences is a gap."""
MOST_DISAGREEMENT = 1.5
"""Ratio of a cadence to the interval at which rows or readings come, from which it is reported."""


def is_gap(previous: float, now: float, cadence: float) -> bool:
    """Whether the readings at ``previous`` and ``now`` (Unix time [s]) belong to different segments.

    They do when more than three cadences [s] lie between them, or when time goes back.

    Examples
    --------
    >>> is_gap(0.0, 180.0, 60.0), is_gap(0.0, 180.1, 60.0), is_gap(60.0, 0.0, 60.0)
    (False, True, True)
    """
    return not 0 <= now - previous <= MOST_CADENCES * cadence


def median_interval(time: Floats) -> float | None:
    """Learn the cadence [s]: the median of the positive intervals.

    Equal stamps (10 Hz readings stamped to the second) and steps back are left out; ``None`` if nothing is left.

    Examples
    --------
    >>> median_interval(np.array([0.0, 60.0, 60.0, 120.0, 900.0]))
    60.0
    """
    intervals = np.diff(time)
    intervals = intervals[intervals > 0]
    return float(np.median(intervals)) if len(intervals) else None


def split_at_gaps(time: Floats, cadence: float | None) -> list[tuple[int, int]]:
    """Cut rows into segments wherever :func:`is_gap` holds between neighbours.

    Parameters
    ----------
    time
        Unix time [N] in [s].
    cadence
        Expected interval [s]; ``None`` learns it by :func:`median_interval`.

    Returns
    -------
    list
        ``(start, end)`` rows, end exclusive; empty when there are no rows.

    Examples
    --------
    >>> split_at_gaps(np.array([0.0, 60.0, 120.0, 900.0, 960.0]), 60.0)
    [(0, 3), (3, 5)]
    """
    if not len(time):
        return []
    longest = MOST_CADENCES * (cadence if cadence is not None else median_interval(time) or 0.0)
    intervals = np.diff(time)
    cuts = np.flatnonzero(~((intervals >= 0) & (intervals <= longest))) + 1
    edges = [0, *cuts.tolist(), len(time)]
    return list(itertools.pairwise(edges))
