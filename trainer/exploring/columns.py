"""Columns: of each one what is missing, how fine it is, and where it stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.arrays import Floats, Indices
from trainer.data.record import Span
from trainer.exploring.raw_record import RawRecord

FLAT = 15
"""Rows of the same value in a row that are a flat stretch."""

_OFTEN = 0.2  # share of the differences


@dataclass(frozen=True)
class Column:
    """What a column is like.

    Parameters
    ----------
    key, unit
        As in the station file.
    missing, outside
        Readings that are not there, and of these how many are there but beyond the physical range.
    distinct
        Different values.
    low, median, high
        In the unit; nan: nothing is there.
    step
        Between values [unit], where they lie on a grid; nan: they do not.
    longest
        Longest flat stretch [rows].
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
        """Whether it never moves, or is not there."""
        return self.distinct <= 1

    def coarse(self, rows: int) -> bool:
        """Whether so many rows show few values, as a converter of few bits gives them."""
        return 1 < self.distinct <= min(300, rows / 20)


def columns(sheet: RawRecord) -> tuple[Column, ...]:
    """Look at every column of all rows."""
    return tuple(
        _column(feature.key, feature.unit, values, int(outside), sheet.segments)
        for feature, values, outside in zip(sheet.station.features, sheet.values.T, sheet.outside, strict=True)
    )


def duplicates(sheet: RawRecord) -> tuple[tuple[str, str], ...]:
    """Pairs of columns with equal values, within the station or from one file to another: ``FILE: KEY`` then."""
    several = len(sheet.parts) > 1
    seen: dict[bytes, str] = {}
    found = []
    for file, (start, end) in zip(sheet.files, sheet.parts, strict=True):
        for key, values in zip(sheet.station.keys, sheet.values[start:end].T, strict=True):
            if len(np.unique(values[np.isfinite(values)])) <= 1:
                continue  # constants are told as such
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
    """Lengths of the stretches of equal values; a missing one is equal to nothing."""
    edges = np.flatnonzero(np.append(np.insert(values[1:] != values[:-1], 0, True), True))
    return np.diff(edges)


def _step(different: Floats) -> float:
    if len(different) < 2:
        return float("nan")
    # Decimal fractions differ in their last bits.
    steps, counts = np.unique(np.array([float(f"{step:.4g}") for step in np.diff(different)]), return_counts=True)
    # Of a grid, neighbouring places are often met; chance hardly gives the same difference twice.
    return float(steps[np.argmax(counts)]) if counts.max() >= _OFTEN * counts.sum() else float("nan")
