"""Sets of rows, binned on the same axes."""

from __future__ import annotations

import msgspec

from edge.arrays import Floats
from trainer.figures.axis import Axis


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One set of rows, binned on F axes and on P pairs of them.

    Parameters
    ----------
    rows
        Number of rows.
    densities
        Densities at the points of the axes [F, 256], per unit of the axis or, on a logarithmic scale, per decade.
    correlations
        Pearson's correlations of the values [F, F]; nan where a column is constant.
    joints
        Share of the rows in each cell [%], [P, 40, 40], first by x, then by y.
    """

    rows: int
    densities: Floats
    correlations: Floats
    joints: Floats


class BinnedSamples(msgspec.Struct, frozen=True, kw_only=True):
    """Sets of rows on the same axes.

    Parameters
    ----------
    axes
        The F axes.
    pairs
        Keys (x, y) of the axes of the P joint distributions.
    samples
        Name -> the binned sample.
    """

    axes: tuple[Axis, ...]
    pairs: tuple[tuple[str, str], ...]
    samples: dict[str, Sample]
