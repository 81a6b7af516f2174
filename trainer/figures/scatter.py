"""Draws scatters of rows, coloured by time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from edge.arrays import Floats, Indices
from trainer.figures.style import figure, grid
from trainer.figures.ticks import few_ticks

# Neither end is lost on dark or on light paper.
_COLOURS = ListedColormap(colormaps["plasma"](np.linspace(0.33, 0.9, 256)))
_WIDTH = 10.0


class Coordinate(NamedTuple):
    """A column along one axis of a scatter.

    Parameters
    ----------
    label
        Name and unit.
    values
        All rows [N]; nan: missing.
    logarithmic
        Scale of the axis.
    """

    label: str
    values: Floats
    logarithmic: bool


def draw_scatter_matrix(columns: Sequence[Coordinate], rows: Indices) -> Figure:
    """Draw every pair of columns; ``rows``: those to draw."""
    side = len(columns) - 1
    cell = min(_WIDTH / (side + 0.6), 3.6)
    picture = figure(min(_WIDTH, cell * side + 1.6), max(0.8 * cell * side, 2.6) + 0.3)
    all_axes = picture.subplots(side, side, squeeze=False, sharex="col", sharey="row")
    for row, y in enumerate(columns[1:]):
        for column, x in enumerate(columns[:-1]):
            axes = all_axes[row, column]
            if column > row:
                axes.set_axis_off()
                continue
            _scatter(axes, x, y, rows)
            if row == side - 1:
                axes.set_xlabel(x.label)
            if column == 0:
                axes.set_ylabel(y.label)
    _add_time(picture, list(all_axes.flat), len(columns[0].values))
    return picture


def draw_scatters(pairs: Sequence[tuple[Coordinate, Coordinate]], rows: Indices) -> Figure:
    """Draw pairs (x, y) of columns; ``rows``: those to draw."""
    columns = min(3, len(pairs))
    picture = figure(3.1 * columns + 0.8, 2.6 * -(-len(pairs) // columns) + 0.3)
    all_axes = grid(picture, len(pairs), columns)
    for axes, (x, y) in zip(all_axes, pairs, strict=True):
        _scatter(axes, x, y, rows)
        axes.set(xlabel=x.label, ylabel=y.label)
    _add_time(picture, picture.axes, len(pairs[0][0].values))
    return picture


def _scatter(axes: Axes, x: Coordinate, y: Coordinate, rows: Indices) -> None:
    rows = np.random.default_rng(0).permutation(rows)  # no time lies on top of all others
    axes.scatter(
        x.values[rows],
        y.values[rows],
        c=rows,
        cmap=_COLOURS,
        norm=Normalize(0, len(x.values)),
        s=2.2,
        linewidths=0,
        rasterized=True,
    )
    if x.logarithmic:
        axes.set_xscale("log")
    few_ticks(axes.xaxis, 4)
    if y.logarithmic:
        axes.set_yscale("log")
    few_ticks(axes.yaxis, 4)


def _add_time(picture: Figure, all_axes: Sequence[Axes], count: int) -> None:
    colours = ScalarMappable(Normalize(0, count), _COLOURS)
    bar = picture.colorbar(colours, ax=all_axes, label="row", aspect=35, pad=0.02)
    few_ticks(bar.ax.yaxis, 5)
