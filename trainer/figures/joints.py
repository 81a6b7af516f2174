"""Draws joint distributions: how often the cells of two axes are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure

from edge.arrays import Floats
from trainer.figures.axis import Axis
from trainer.figures.colormaps import fading
from trainer.figures.colours import BLUE, GREY, INK, ORANGE, VERMILLION
from trainer.figures.scale import set_scale
from trainer.figures.style import figure, grid


def plot_joint(axes: Axes, x: Axis, y: Axis, cells: Floats, *, real: Floats | None = None) -> None:
    """Plot the cells [40, 40] of two axes so that even rare ones are visible.

    Parameters
    ----------
    cells
        Share of the rows in each cell, first by x.
    real
        The same of the real rows: their cells are grey below, and what lies outside them has another colour.
    """
    strength = PowerNorm(0.4, 0.0, float(cells.max()) or 1.0)
    parts: list[tuple[Floats, str, Normalize]] = [(cells, BLUE, strength)]
    if real is not None:
        within = real > 0
        parts = [
            (np.where(within, 0.15, 0.0), GREY, Normalize(0.0, 1.0)),
            (np.where(within, cells, 0.0), BLUE, strength),
            (np.where(within, 0.0, cells), VERMILLION, strength),
        ]
    for values, colour, norm in parts:
        axes.pcolormesh(x.edges, y.edges, values.T, cmap=fading(colour), norm=norm, rasterized=True)
    set_scale(axes, x, "x", ticks=3)
    set_scale(axes, y, "y", ticks=4)
    axes.grid(visible=False)


def draw_joints(
    pairs: Sequence[tuple[Axis, Axis]], samples: Sequence[Mapping[str, Floats]], titles: Sequence[Mapping[str, str]]
) -> Figure:
    """Draw pairs of axes in a row each, of several samples side by side.

    Parameters
    ----------
    pairs
        (x, y), P of them.
    samples
        P times: sample -> its cells [40, 40]; the first sample is the real one.
    titles
        P times: sample -> the title above its cells.
    """
    across = len(samples[0])
    picture = figure(1.65 * across + 0.6, 1.6 * len(pairs) + 0.4)
    all_axes = picture.subplots(len(pairs), across, squeeze=False, sharex="row", sharey="row")
    for row, (x, y), of, above in zip(all_axes, pairs, samples, titles, strict=True):
        real = next(iter(of.values()))
        for axes, (name, cells) in zip(row, of.items(), strict=True):
            plot_joint(axes, x, y, cells, real=real)
            axes.set(title=above[name], xlabel=x.label)
        row[0].set_ylabel(y.label)
    return picture


def draw_reconstructions(channels: Sequence[tuple[Axis, Floats, str]]) -> Figure:
    """Draw what comes out of a network over what goes in, channel by channel.

    Parameters
    ----------
    channels
        Axis of the channel, its cells [40, 40], and the title above them.
    """
    columns = min(5, len(channels))
    picture = figure(2.0 * columns, 2.05 * -(-len(channels) // columns))
    for axes, (axis, cells, title) in zip(grid(picture, len(channels), columns), channels, strict=True):
        plot_joint(axes, axis, axis, cells)
        met = np.flatnonzero(cells.sum(axis=0) + cells.sum(axis=1))
        low, high = (axis.edges[met[0]], axis.edges[met[-1] + 1]) if len(met) else (axis.edges[0], axis.edges[-1])
        set_scale(axes, axis, "x", ticks=3, limits=(low, high))
        set_scale(axes, axis, "y", ticks=3, limits=(low, high))
        axes.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle=":")
        axes.set_title(title)
    picture.supxlabel("in")
    picture.supylabel("out")
    return picture


def draw_virtual_gas(
    axis: Axis,
    cells: Floats,
    quantiles: tuple[Floats, Floats, Floats, Floats],
    course: tuple[Floats, Floats, Floats],
    band: float,
) -> Figure:
    """Draw virtual gas over the reference, and both along the record.

    Parameters
    ----------
    axis, cells
        Axis of the gas, and share of the rows in each cell [40, 40], first by the reference.
    quantiles
        Reference, and the 10 %, 50 % and 90 % quantiles of the virtual gas there.
    course
        Row, reference and virtual gas.
    band
        Factor by which the virtual gas may be off.
    """
    picture = figure(10.0, 3.7)
    left, right = picture.subplots(1, 2, width_ratios=(1.0, 1.9))
    plot_joint(left, axis, axis, cells)
    ends = np.array([axis.edges[0], axis.edges[-1]])
    left.plot(ends, ends, color=INK, linewidth=0.9, linestyle=":")
    reference, low, median, high = quantiles
    left.plot(reference, median, color=ORANGE, linewidth=1.8, label="median")
    left.plot(reference, low, color=ORANGE, linewidth=0.9, linestyle="--", label="10 and 90 %")
    left.plot(reference, high, color=ORANGE, linewidth=0.9, linestyle="--")
    left.set(xlabel=f"reference, {axis.label}", ylabel="virtual")
    left.legend(loc="upper left")
    row, line, virtual = course
    right.fill_between(row, virtual / band, virtual * band, color=BLUE, alpha=0.2, linewidth=0)
    right.plot(row, virtual, color=BLUE, linewidth=1.1, label="virtual, with its band")
    right.plot(row, line, color=INK, linewidth=1.2, label="reference")
    right.set(xlabel="row of the record")
    set_scale(right, axis, "y", ticks=5)
    right.legend(loc="upper right")
    return picture
