"""How often a column has which value, on both scales, and its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.settings.station import Scale
from edge.arrays import Floats
from trainer.exploring.raw_record import RawRecord
from trainer.figures.axis import Axis
from trainer.statistics.binning import axis, bin_samples

LEAST = 200
"""Least rows for modes: among few rows each one would be a mode."""
_STANDS_OUT = 0.1  # of the highest mode


@dataclass(frozen=True)
class Density:
    """A kernel density.

    Parameters
    ----------
    axis
        The column, on one scale.
    density
        Density at the points of the axis [256], per unit or, on a logarithmic scale, per decade.
    modes
        Peaks [unit], the highest first; empty with fewer than 200 rows.
    """

    axis: Axis
    density: Floats
    modes: tuple[float, ...]


def densities(record: RawRecord) -> tuple[Density, ...]:
    """Return the densities of every column that moves: linear, and logarithmic where all values are positive."""
    found = []
    for feature, column in zip(record.station.features, record.thin.T, strict=True):
        values = column[np.isfinite(column)]
        if len(values) < 2 or np.ptp(values) == 0:
            continue
        scales: tuple[Scale, ...] = ("linear", "log")
        for scale in scales:
            if scale == "log" and values.min() <= 0:
                continue
            along = axis(feature.key, feature.unit, scale, values)
            density = bin_samples([along], {"rows": values[:, None]}).samples["rows"].densities[0]
            modes = _modes(along.points, density) if len(values) >= LEAST else ()
            found.append(Density(along, density, modes))
    return tuple(found)


def _modes(points: Floats, density: Floats) -> tuple[float, ...]:
    """Return the peaks that rise far enough above the higher of the two valleys beside them."""
    d = np.pad(density, 1)  # a mode may sit at the border
    found = []
    for peak in np.flatnonzero((d[1:-1] >= d[:-2]) & (d[1:-1] > d[2:])) + 1:
        higher = np.flatnonzero(d > d[peak])
        left, right = higher[higher < peak], higher[higher > peak]
        before = d[left[-1] if len(left) else 0 : peak].min()
        after = d[peak : (right[0] if len(right) else len(d)) + 1].min()
        if d[peak] - max(before, after) > _STANDS_OUT * d.max():
            found.append(int(peak) - 1)
    return tuple(float(points[peak]) for peak in sorted(found, key=lambda peak: -density[peak]))
