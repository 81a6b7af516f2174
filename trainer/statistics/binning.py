"""Bins rows, so that no row can be read off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

import numpy as np

from config.settings.station import Scale, Station
from edge.arrays import Floats
from trainer.figures.axis import Axis
from trainer.statistics.samples import BinnedSamples, Sample

Pairs = tuple[tuple[str, str], ...]
"""Keys (x, y) of columns."""

POINTS, CELLS = 256, 40
"""Points of a density, and cells of a joint distribution along each axis."""
MOST_PAIRS = 12
"""Most pairs of columns."""
_TAIL = 5e-4  # share of the rows that an axis may leave out at either end
_MARGIN = 0.05  # share of an axis on either side
_NARROW = 0.4  # times Silverman's bandwidth, which is for one mode: these columns have several
_LEAST = 0.75  # bandwidth [points]
_FAINT = 1e-4  # of the highest density; less is invisible, and is written as 0


def pairs(station: Station) -> Pairs:
    """Return the keys of the columns to look at in pairs, at most 12.

    These are the pairs of the environment, and the gas with each sensor; in a station with neither, any two columns.
    """
    by_role: dict[str, list[str]] = {"gas": [], "environment": [], "sensor": []}
    for feature in station.features:
        by_role[feature.role].append(feature.key)

    def expected() -> Iterator[tuple[str, str]]:
        yield from combinations(by_role["environment"], 2)
        yield from ((gas, sensor) for gas in by_role["gas"][:1] for sensor in by_role["sensor"])

    return tuple(islice(expected(), MOST_PAIRS)) or tuple(islice(combinations(station.keys, 2), MOST_PAIRS))


def column_axes(values: Floats, station: Station) -> tuple[Axis, ...]:
    """Return axes of a station's columns, laid around its rows [N, F]."""
    return tuple(
        axis(feature.key, feature.unit, feature.scale, column)
        for feature, column in zip(station.features, values.T, strict=True)
    )


def axis(key: str, unit: str, scale: Scale, values: Floats) -> Axis:
    """Lay an axis around all but a few of the values [N]; nan is ignored."""
    low, high = np.nanquantile(values, [_TAIL, 1 - _TAIL])
    scale = scale if low > 0 else "linear"
    ends = _flat(scale, np.array([low, high]))
    margin = max(_MARGIN * (ends[1] - ends[0]), 1e-6 * max(1.0, abs(ends[0])))  # a constant needs a width, too
    inner, outer = ends[0] - margin, ends[1] + margin
    points, edges = np.linspace(inner, outer, POINTS), np.linspace(inner, outer, CELLS + 1)
    if scale == "log":
        points, edges = 10**points, 10**edges
    return Axis(key=key, unit=unit, scale=scale, points=points, edges=edges)


def bin_samples(axes: Sequence[Axis], samples: Mapping[str, Floats], pairs: Pairs = ()) -> BinnedSamples:
    """Bin samples [N, F] on F axes; the bandwidths of all densities are those of the first sample."""
    first = next(iter(samples.values()))
    widths = [_bandwidth(one, column) for one, column in zip(axes, first.T, strict=True)]
    keys = [one.key for one in axes]
    places = [(keys.index(x), keys.index(y)) for x, y in pairs]
    return BinnedSamples(
        axes=tuple(axes),
        pairs=pairs,
        samples={
            name: Sample(
                rows=len(rows),
                densities=np.array(
                    [_density(one, column, width) for one, column, width in zip(axes, rows.T, widths, strict=True)]
                ),
                correlations=_correlations(rows),
                joints=np.array([joint_histogram(axes[i], rows[:, i], axes[j], rows[:, j]) for i, j in places]),
            )
            for name, rows in samples.items()
        },
    )


def joint_histogram(x: Axis, on_x: Floats, y: Axis, on_y: Floats) -> Floats:
    """Return the share of the rows [%] in each cell [40, 40], first by x; rows beyond the axes are in no cell."""
    counts, _, _ = np.histogram2d(on_x, on_y, bins=(x.edges, y.edges))
    return np.asarray(np.round(100 * counts / max(len(on_x), 1), 3))


def _flat(scale: Scale, values: Floats) -> Floats:
    """Return values on an even axis: their logarithms on a logarithmic scale."""
    if scale == "linear":
        return values
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log10(values))


def _bandwidth(axis: Axis, values: Floats) -> float:
    """Return the width of the kernel [points] on an axis."""
    flat = _flat(axis.scale, values)
    flat = flat[np.isfinite(flat)]
    quarter, rest = np.quantile(flat, [0.25, 0.75])
    spread = min(flat.std(), (rest - quarter) / 1.34) or flat.std()
    points = _flat(axis.scale, axis.points)
    return max(_LEAST, float(_NARROW * 0.9 * spread * len(flat) ** -0.2 / (points[1] - points[0])))


def _density(axis: Axis, values: Floats, width: float) -> Floats:
    """Return the Gaussian kernel density at the points of an axis [256]."""
    points, flat = _flat(axis.scale, axis.points), _flat(axis.scale, values)
    step = points[1] - points[0]
    counts, _ = np.histogram(flat, np.append(points - step / 2, points[-1] + step / 2))
    reach = int(4 * width) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum())[reach : reach + len(counts)]
    density = smooth / (max(len(values), 1) * step)
    return np.asarray(np.where(density < _FAINT * density.max(), 0.0, density))


def _correlations(rows: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant column correlates with nothing
        return np.atleast_2d(np.corrcoef(rows, rowvar=False))
