"""Places the local times of files on the Unix time scale."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from edge.arrays import Floats, Mask

_BIN = 900.0  # [s] zones change their offset at quarters of an hour at most


def place_local_times(values: Floats, local: Mask, zone: ZoneInfo) -> Floats:
    """Subtract a zone's offsets from those of the times [N] in [s] that are local; return Unix times [N] in [s].

    When the clock shows an hour twice, the order of the rows decides which of the two it is.
    """
    bins, which = np.unique(np.floor(np.where(local, values, 0.0) / _BIN), return_inverse=True)
    offsets = np.array([[_offset(each * _BIN, zone, fold) for fold in (0, 1)] for each in bins])
    early = np.where(local, values - offsets[which, 0], values)
    late = np.where(local, values - offsets[which, 1], values)
    twice = late > early
    result = np.where(np.isfinite(values), early, np.nan)
    if not twice.any():
        return result
    steps = np.diff(values)
    order = range(len(values)) if (steps > 0).sum() >= (steps < 0).sum() else range(len(values) - 1, -1, -1)
    before = -np.inf
    for i in order:
        if twice[i] and early[i] < before:
            result[i] = late[i]
        if result[i] == result[i]:  # the quick test for nan
            before = result[i]
    return result


def _offset(local: float, zone: ZoneInfo, fold: int) -> float:
    """Return how far a local time [s] is ahead of UTC [s]; where the clock was put forward, the offset before."""
    if not np.isfinite(local):
        return 0.0
    moment = datetime.fromtimestamp(local, UTC).replace(tzinfo=zone, fold=fold)
    offset = moment.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
