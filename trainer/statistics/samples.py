"""Gallery: sets of rows that are looked at side by side, on the same axes."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.arrays import Floats


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One column, or one dimension of a code.

    Parameters
    ----------
    key, unit
        Of a column; a dimension of a code is ``z1``, ... and has the unit ``1``.
    scale
        How it is best drawn.
    points
        Where densities are given, [256], in the unit; evenly spaced on the scale.
    edges
        Of the cells of joint distributions, [41], in the unit; evenly spaced on the scale.
    """

    key: str
    unit: str
    scale: Literal["log", "linear"]
    points: Floats
    edges: Floats


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one set of rows, on F axes and P pairs of them.

    Parameters
    ----------
    rows
        How many there were.
    densities
        [F, 256], per unit of the axis, or of its decimal logarithm where the scale is log: each sums to 1 times the
        spacing of the points.
    correlations
        Pearson's, of the values as they are, [F, F]; nan where a column is constant.
    joints
        Rows in each cell, in percent of all rows, [P, 40, 40]: first by x, then by y.
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
        F of them.
    pairs
        Keys (x, y) of the axes of each joint distribution, P of them.
    samples
        Name -> what is left of it.
    """

    axes: tuple[Axis, ...]
    pairs: tuple[tuple[str, str], ...]
    samples: dict[str, Sample]
