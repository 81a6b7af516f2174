"""Draws a station's life: false alarms of its bundles, the drift of its columns, and its alarms by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from edge.arrays import Floats
from trainer.figures.colormaps import diverging
from trainer.figures.colours import CYCLE, GREY, VERMILLION
from trainer.figures.legend import add_legend
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

_FOOT = 1 / 6  # of the requested rate: where a share of zero is drawn
_MOST_SHIFT = 3.0


class LifeLine(NamedTuple):
    """One bundle: the share that exceeds in each stretch [B], nan without a score, and where it was fitted."""

    shares: Floats
    seen: Sequence[bool]


class LifeAxis(NamedTuple):
    """Where stretches lie: their edges [B + 1] in readings, and the first reading of each file by its name."""

    edges: Floats
    files: Sequence[tuple[str, int]]


def draw_life_budget(
    plots: Mapping[str, tuple[float, Mapping[str, LifeLine]]], axis: LifeAxis, *, allowed: float
) -> Figure:
    """Draw one line for each bundle; thin where it was fitted on those readings.

    Parameters
    ----------
    plots
        Title -> requested rate, and bundle -> its line.
    axis
        Where the stretches lie.
    allowed
        Largest rate, in requested ones; what lies above is shaded.
    """
    picture = figure(10.0, 2.4 * len(plots) + 0.8)
    grid = picture.subplots(len(plots), 1, sharex=True, squeeze=False).ravel()
    colours: dict[str, str] = {}
    middles = (axis.edges[:-1] + axis.edges[1:]) / 2
    for axes, (title, (requested, lines)) in zip(grid, plots.items(), strict=True):
        foot = requested * _FOOT
        for number, (name, line) in enumerate(lines.items()):
            colour = colours.setdefault(name, CYCLE[number % len(CYCLE)])
            drawn = np.where(np.isfinite(line.shares), np.maximum(line.shares, foot), np.nan)
            fresh = np.where(line.seen, np.nan, drawn)
            axes.plot(middles, drawn, color=colour, linewidth=0.8, alpha=0.6)
            axes.plot(middles, fresh, color=colour, linewidth=1.6, marker="o", markersize=3.4)
        axes.axhspan(allowed * requested, 1.0, color=VERMILLION, alpha=0.07, linewidth=0)
        axes.axhline(requested, color=GREY, linestyle=":", linewidth=1.1)
        axes.set(yscale="log", title=title, ylim=(foot * 0.8, 1.0), ylabel="share that exceeds")
        few_ticks(axes.yaxis)
        _mark_files(axes, axis)
    for name, first in axis.files:
        grid[0].annotate(
            name, (first, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -4), textcoords="offset points",
            va="top", color=GREY, fontsize=8,
        )  # fmt: skip
    few_ticks(grid[-1].xaxis, 10)
    grid[-1].set_xlabel("reading")
    add_legend(picture, colours)
    return picture


def draw_life_shift(shift: Floats, names: Sequence[str], axis: LifeAxis) -> Figure:
    """Draw how far each column lies from the first training, as colours.

    Parameters
    ----------
    shift
        In spreads of the training, [B, F].
    names
        Names of the columns.
    axis
        Where the stretches lie.
    """
    picture = figure(10.0, 0.3 * len(names) + 1.3)
    axes = picture.subplots()
    rows = np.arange(len(names) + 1)
    norm = Normalize(-_MOST_SHIFT, _MOST_SHIFT)
    drawn = axes.pcolormesh(axis.edges, rows, shift.T, cmap=diverging(1.0), norm=norm, rasterized=True)
    axes.set_yticks(rows[:-1] + 0.5, list(names))
    axes.set(ylim=(len(names), 0), xlabel="reading")
    axes.grid(visible=False)
    _mark_files(axes, axis)
    few_ticks(axes.xaxis, 10)
    picture.colorbar(drawn, ax=axes, label="spreads from the reference", shrink=0.9, aspect=18, extend="both")
    return picture


def draw_life_alarms(counts: Mapping[str, Sequence[int]], files: Sequence[str]) -> Figure:
    """Draw how many alarms of each label every file has, as stacked bars.

    Parameters
    ----------
    counts
        Label -> number of alarms in each file.
    files
        Names of the files.
    """
    picture = figure(5.0, 0.42 * len(files) + 1.3)
    axes = picture.subplots()
    left = np.zeros(len(files))
    colours = {label: CYCLE[number % len(CYCLE)] for number, label in enumerate(counts)}
    for label, of in counts.items():
        axes.barh(range(len(files)), of, left=left, color=colours[label], height=0.6)
        left += np.asarray(of)
    axes.set_yticks(range(len(files)), list(files))
    axes.set(ylim=(len(files) - 0.5, -0.5), xlabel="alarms")
    axes.grid(visible=False, axis="y")
    add_legend(picture, colours)
    return picture


def _mark_files(axes: Axes, axis: LifeAxis) -> None:
    """Draw where each file begins."""
    for _, first in axis.files[1:]:
        axes.axvline(first, color=GREY, linewidth=0.9)
    axes.set_xlim(axis.edges[0], axis.edges[-1])
