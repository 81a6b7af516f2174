"""What is missing of each column, how fine it is, and where it stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices
from trainer.data.record import Span
from trainer.exploring.raw_record import RawRecord

FLAT = 15
"""Consecutive rows of the same value that make a flat stretch."""

_OFTEN = 0.2  # least share of the most frequent difference on a grid


@dataclass(frozen=True)
class Column:
    """Description of a column.

    Parameters
    ----------
    key, unit
        Key and unit in the station file.
    missing
        Readings that are missing or outside the physical range.
    outside
        Readings outside the physical range.
    distinct
        Number of different values.
    low, median, high
        Least, median and largest value [unit]; nan: there is no reading.
    step
        Distance between values that lie on a grid [unit]; nan: they do not.
    longest
        Longest run of one value [rows].
    flat
        Share of the rows in flat stretches of 15 rows or more [0, 1].
    """

    key: str
    unit: str
    missing: int
    outside: int
    distinct: int
    low: float
    median: float
    high: float
    step: float
    longest: int
    flat: float

    @property
    def constant(self) -> bool:
        """Whether it never moves, or has no reading."""
        return self.distinct <= 1

    def coarse(self, rows: int) -> bool:
        """Whether it has few values for that many rows, as from a converter of few bits."""
        return 1 < self.distinct <= min(300, rows / 20)


def columns(record: RawRecord) -> tuple[Column, ...]:
    """Describe every column of all rows."""
    return tuple(
        _column(feature.key, feature.unit, values, int(outside), record.segments)
        for feature, values, outside in zip(record.station.features, record.values.T, record.outside, strict=True)
    )


def duplicates(record: RawRecord) -> tuple[tuple[str, str], ...]:
    """Return pairs of columns with equal values.

    With several files, names are ``FILE: KEY``, and columns are compared across files, too.
    """
    several = len(record.parts) > 1
    seen: dict[bytes, str] = {}
    found = []
    for file, (start, end) in zip(record.files, record.parts, strict=True):
        for key, values in zip(record.station.keys, record.values[start:end].T, strict=True):
            if len(np.unique(values[np.isfinite(values)])) <= 1:
                continue  # constants are reported as such
            name = f"{file}: {key}" if several else key
            first = seen.setdefault(np.ascontiguousarray(values).tobytes(), name)
            if first != name:
                found.append((first, name))
    return tuple(found)


def _column(key: str, unit: str, values: Floats, outside: int, segments: Sequence[Span]) -> Column:
    there = values[np.isfinite(values)]
    different = np.unique(there)
    runs = np.concatenate([_runs(values[start:end]) for start, end in segments])
    longest = int(runs.max(initial=0))
    return Column(
        key=key,
        unit=unit,
        missing=int(len(values) - len(there)),
        outside=outside,
        distinct=len(different),
        low=float(there.min()) if len(there) else np.nan,
        median=float(np.median(there)) if len(there) else np.nan,
        high=float(there.max()) if len(there) else np.nan,
        step=_step(different),
        longest=longest if longest > 1 else 0,
        flat=float(runs[runs >= FLAT].sum() / len(values)),
    )


def _runs(values: Floats) -> Indices:
    """Return the lengths of the stretches of equal values; a missing value equals nothing."""
    edges = np.flatnonzero(np.append(np.insert(values[1:] != values[:-1], 0, True), True))
    return np.diff(edges)


def _step(different: Floats) -> float:
    if len(different) < 2:
        return float("nan")
    # Decimal fractions differ in their last bits.
    steps, counts = np.unique(np.array([float(f"{step:.4g}") for step in np.diff(different)]), return_counts=True)
    # On a grid, neighbouring values are frequent; chance hardly gives the same difference twice.
    return float(steps[np.argmax(counts)]) if counts.max() >= _OFTEN * counts.sum() else float("nan")
