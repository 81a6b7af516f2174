"""Densities: how often a column has which value, on both scales, and its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.settings.station import Scale
from edge.arrays import Floats
from trainer.exploring.raw_record import RawRecord
from trainer.statistics.binning import axis, gallery

LEAST = 200
"""Rows from which modes are told: of few rows each one is a mode."""
_STANDS_OUT = 0.1  # of the highest mode


@dataclass(frozen=True)
class Density:
    """A kernel density.

    Parameters
    ----------
    key, unit, scale
        Of the axis; ``log`` in decades.
    points
        Where [unit], [256].
    density
        There [256], per unit or per decade.
    modes
        Its peaks [unit], the highest first; none where there are less than 200 rows.
    """

    key: str
    unit: str
    scale: Scale
    points: Floats
    density: Floats
    modes: tuple[float, ...]


def densities(sheet: RawRecord) -> tuple[Density, ...]:
    """Of every column that moves: linear, and logarithmic where it is positive."""
    found = []
    for feature, column in zip(sheet.station.features, sheet.thin.T, strict=True):
        values = column[np.isfinite(column)]
        if len(values) < 2 or np.ptp(values) == 0:
            continue
        scales: tuple[Scale, ...] = ("linear", "log")
        for scale in scales:
            if scale == "log" and values.min() <= 0:
                continue
            along = axis(feature.key, feature.unit, scale, values)
            density = gallery([along], {"rows": values[:, None]}).samples["rows"].densities[0]
            modes = _modes(along.points, density) if len(values) >= LEAST else ()
            found.append(Density(feature.key, feature.unit, along.scale, along.points, density, modes))
    return tuple(found)


def _modes(points: Floats, density: Floats) -> tuple[float, ...]:
    """Peaks that rise far enough above the higher one of the valleys beside them."""
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
