"""Draws a station's life: false alarms of its bundles, its drift from the training of each, and its alarms by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from edge.arrays import Floats
from trainer.figures.colormaps import fading
from trainer.figures.colours import CYCLE, GREY, INK, VERMILLION
from trainer.figures.legend import add_legend
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

_FOOT = 1 / 6  # of the requested rate: where a share of zero is drawn
_MOST_SHARE = 2.0  # of what raises the alarm: what is farther looks the same


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


def draw_life_drift(plots: Mapping[str, Floats], names: Sequence[str], axis: LifeAxis) -> Figure:
    """Draw how far the station is from the training of each bundle, as colours; a dot where it has drifted.

    Parameters
    ----------
    plots
        Title -> shares of what raises the alarm, [B, C]; nan where it is not known yet.
    names
        Names of the columns, and of the reconstruction [C].
    axis
        Where the stretches lie.
    """
    picture = figure(10.0, (0.24 * len(names) + 0.5) * len(plots) + 0.8)
    grid = picture.subplots(len(plots), 1, sharex=True, squeeze=False).ravel()
    rows, middles = np.arange(len(names) + 1), (axis.edges[:-1] + axis.edges[1:]) / 2
    norm = Normalize(0.0, _MOST_SHARE)
    for axes, (title, shares) in zip(grid, plots.items(), strict=True):
        known = np.ma.masked_invalid(shares.T)
        drawn = axes.pcolormesh(axis.edges, rows, known, cmap=fading(VERMILLION), norm=norm, rasterized=True)
        column, stretch = np.nonzero(np.nan_to_num(shares.T) > 1.0)
        axes.scatter(middles[stretch], column + 0.5, s=5, color=INK, linewidths=0)
        axes.set_yticks(rows[:-1] + 0.5, list(names))
        axes.set(ylim=(len(names), 0), title=title)
        axes.grid(visible=False)
        _mark_files(axes, axis)
    few_ticks(grid[-1].xaxis, 10)
    grid[-1].set_xlabel("reading")
    picture.colorbar(drawn, ax=list(grid), label="share of what raises the alarm", shrink=0.9, aspect=24, extend="max")
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
