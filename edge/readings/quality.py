"""Flags the quality of each channel's value by QARTOD, before any model sees it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from config.settings.station import Station
from edge.arrays import Flags, Floats

GOOD, UNKNOWN, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9

_WORST_FIRST = (FAIL, SUSPECT, MISSING, UNKNOWN, GOOD)


def flag(values: ArrayLike, station: Station) -> Flags:
    """Flag every channel of one reading or of many.

    This is QARTOD's gross range test with the station's physical ranges, both ends included. Its reference code
    (ioos_qc) flags a missing input 9 as well.

    Parameters
    ----------
    values
        Readings [F] or [N, F] in the station's units; nan is missing.
    station
        The station, whose columns these are.

    Returns
    -------
    ndarray
        9 missing, 4 outside the range, 1 good; the shape is that of ``values``.
    """
    readings = np.asarray(values, dtype=np.float64)
    low, high = _ranges(station)
    good = (readings >= low) & (readings <= high)
    flags = np.full(readings.shape, GOOD, dtype=np.uint8)
    if not good.all():
        flags[~good] = FAIL
        flags[np.isnan(readings)] = MISSING
    return flags


def worst_flag(flags: Iterable[int]) -> int:
    """Return the worst of a reading's flags: 4 before 3, 9, 2 and 1; good without flags.

    A failing channel is more telling than a missing one, which QARTOD's own order would put first.

    Examples
    --------
    >>> worst_flag([1, 9, 4]), worst_flag([1, 9]), worst_flag([])
    (4, 9, 1)
    """
    return min(flags, key=_WORST_FIRST.index, default=GOOD)


@lru_cache(maxsize=64)
def _ranges(station: Station) -> tuple[Floats, Floats]:
    low, high = np.array([feature.range for feature in station.features], dtype=np.float64).T
    return low, high
