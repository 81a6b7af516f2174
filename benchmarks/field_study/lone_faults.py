"""Single faults, far apart, in rows that are else as they were recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Mask
from field_study.budgets import opens_at
from field_study.field_record import hold

LENGTHS = (30, 300, 3000)
"""Readings that a fault lasts."""
IN_TIME = 30
"""Readings from its beginning within which an alarm has to open."""
_APART = 1000  # readings between two faults of a copy, in which thresholds forget
_START = 500  # readings before the first one
_SIZES = (1.0, 2.0, 3.0)  # standard deviations
_FACTORS = (1.3, 2.0)


@dataclass(frozen=True)
class LoneFaults:
    """A copy of some rows with faults in it.

    Parameters
    ----------
    values
        Readings [N, F].
    starts
        Row at which each fault begins.
    length
        Readings that each of them lasts.
    """

    values: Floats
    starts: tuple[int, ...]
    length: int


def lone_faults(
    values: Floats, station: Station, sigma: Floats, *, length: int, copies: int, seed: int
) -> list[LoneFaults]:
    """Make copies of rows with faults of one length: an offset, a gain, or a value that stays.

    Parameters
    ----------
    values
        Readings [N, F], as recorded.
    station
        What the columns are.
    sigma
        Standard deviation of each column in the training rows [F].
    length
        Readings that a fault lasts.
    copies
        How many copies to make; they differ in columns, kinds and places.
    seed
        Seed of what is drawn.
    """
    made = []
    for copy in range(copies):
        rng = np.random.default_rng([seed, length, copy])
        faulty, starts = values.copy(), []
        start = _START + int(rng.integers(_APART))
        while start + min(length, IN_TIME) <= len(values):
            end = min(start + length, len(values))
            column = int(rng.integers(station.size))
            known = hold(values[:start])[-1, column]
            sign = rng.choice((-1.0, 1.0))
            rows = faulty[start:end, column]
            match int(rng.integers(5)):
                case 0 | 1:
                    rows = rows + sign * rng.choice(_SIZES) * sigma[column]
                case 2 | 3:
                    rows = rows * rng.choice(_FACTORS) ** sign
                case _:
                    rows = np.where(np.isnan(rows), np.nan, known)
            low, high = station.features[column].range
            faulty[start:end, column] = np.clip(rows, low, high)  # what breaks a rule is found without a score
            starts.append(start)
            start = end + _APART + int(rng.integers(200))
        made.append(LoneFaults(faulty, tuple(starts), length))
    return made


def found_in_time(faults: LoneFaults, exceeds: Mask) -> list[bool]:
    """Return whether an alarm opens within 30 readings from the beginning of each fault."""
    opens = opens_at(exceeds)
    return [bool(opens[start + 2 : start + min(faults.length, IN_TIME)].any()) for start in faults.starts]
