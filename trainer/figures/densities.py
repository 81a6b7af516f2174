"""Draws densities: of columns with their modes, of several samples, and of codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from config.settings.station import Scale
from edge.arrays import Floats
from trainer.figures.axis import Axis
from trainer.figures.colours import BLUE, INK, ORANGE
from trainer.figures.heatmap import heatmap
from trainer.figures.scale import set_scale
from trainer.figures.style import figure, grid
from trainer.figures.ticks import few_ticks

SCALE_COLOURS: Mapping[Scale, str] = {"linear": BLUE, "log": ORANGE}
CODE_COLOURS = {"train": BLUE, "test": ORANGE}
SAMPLES_EVERY, CODES_EVERY = 3, 4
"""Points of which one is drawn: finer than a pixel."""
_ACROSS = 3
_NARROW = 0.005  # of the highest density: less is the margin of an axis

Modes = tuple[Axis, Floats, Sequence[float]]
"""Axis, density at its points, and modes."""


def draw_modes(columns: Sequence[Sequence[Modes]]) -> Figure:
    """Draw the densities of each column, one scale above the other, with triangles at their modes."""
    deep = max(len(scales) for scales in columns)
    blocks, across = -(-len(columns) // _ACROSS), min(_ACROSS, len(columns))
    picture = figure(10.0 if across == _ACROSS else 3.3 * across, (0.15 + 1.15 * deep) * blocks)
    all_axes = picture.subplots(deep * blocks, across, squeeze=False)
    for axes in all_axes.flat:
        axes.set_axis_off()
    for place, scales in enumerate(columns):
        for half, (axis, density, modes) in enumerate(scales):
            axes = all_axes[deep * (place // across) + half, place % across]
            axes.set_axis_on()
            colour, top = SCALE_COLOURS[axis.scale], density.max()
            axes.fill_between(axis.points, density, facecolor=colour, edgecolor=colour, alpha=0.35)
            axes.plot(modes, [1.08 * top] * len(modes), "v", color=colour, markersize=4)
            axes.set_xscale(axis.scale)
            axes.set_xlim(axis.points[0], axis.points[-1])
            few_ticks(axes.xaxis, 5)
            _bare(axes, 1.2 * top)
            if half == 0:
                axes.set_title(axis.label)
    return picture


def draw_samples(
    axes_of: Sequence[Axis], samples: Mapping[str, Floats], colours: Mapping[str, str], tops: Floats
) -> Figure:
    """Draw the densities of several samples over one another, column by column.

    Parameters
    ----------
    axes_of
        F axes, one a column.
    samples
        Sample -> densities at the points of the axes [F, 256]; the first sample is filled.
    colours
        Sample -> its colour.
    tops
        Where the densities are cut [F].
    """
    columns = min(_ACROSS, len(axes_of))
    picture = figure(3.2 * columns, 1.9 * -(-len(axes_of) // columns) + 0.4)
    all_axes = grid(picture, len(axes_of), columns)
    for place, (axes, axis) in enumerate(zip(all_axes, axes_of, strict=True)):
        points = axis.points[::SAMPLES_EVERY]
        for name, densities in samples.items():
            density = densities[place][::SAMPLES_EVERY]
            if name == next(iter(samples)):
                axes.fill_between(points, density, color=colours[name], alpha=0.25, linewidth=0)
            axes.plot(points, density, color=colours[name], linewidth=1.6, label=name)
        axes.set_title(axis.label)
        set_scale(axes, axis, ticks=5)
        _bare(axes, 1.05 * tops[place] or 1)
    picture.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=min(5, len(samples)))
    return picture


def draw_codes(axes_of: Sequence[Axis], samples: Mapping[str, Floats], correlations: Floats) -> Figure:
    """Draw the density of every dimension of a code, and how the dimensions correlate.

    Parameters
    ----------
    axes_of
        L axes, one a dimension.
    samples
        ``train`` and ``test`` -> densities at the points of the axes [L, 256].
    correlations
        Correlations of the training codes [L, L].
    """
    columns = min(_ACROSS, math.ceil(math.sqrt(len(axes_of))))
    picture = figure(9.6, max(3.0, 1.3 * -(-len(axes_of) // columns)))
    left, right = picture.subfigures(1, 2, squeeze=False, width_ratios=(5.6, 3.4))[0]
    for place, (axes, axis) in enumerate(zip(grid(left, len(axes_of), columns), axes_of, strict=True)):
        densities = {name: samples[name][place] for name in CODE_COLOURS}
        for name, colour in CODE_COLOURS.items():
            axes.plot(axis.points[::CODES_EVERY], densities[name][::CODES_EVERY], color=colour, label=name)
        axes.set_xlim(_reach(axis.points, list(densities.values())))
        _bare(axes)
        axes.grid(visible=False)
        axes.annotate(axis.key, (0.03, 0.84), xycoords="axes fraction", color=INK)
    handles = [Line2D([], [], color=colour, label=name) for name, colour in CODE_COLOURS.items()]
    left.legend(handles=handles, loc="outside upper left", ncols=2)
    axes = right.subplots()
    names = [axis.key for axis in axes_of]
    drawn = heatmap(axes, correlations, names, names)
    axes.set_title("correlation, train")
    right.colorbar(drawn, ax=axes, shrink=0.7)
    return picture


def _bare(axes: Axes, top: float | None = None) -> None:
    """Remove the numbers of the y axis, which are of no use; ``top``: its upper end."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if top is not None:
        axes.set_ylim(0, top)


def _reach(points: Floats, densities: Sequence[Floats]) -> tuple[float, float]:
    """Return the part of an axis where a density is more than its margin."""
    highest = np.max(densities, axis=0)
    there = np.flatnonzero(highest > _NARROW * highest.max())
    return (float(points[there[0]]), float(points[there[-1]])) if len(there) > 1 else (points[0], points[-1])
