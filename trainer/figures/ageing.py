"""Draws the share of readings that exceed over their distance from the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from trainer.figures.colours import GREY, VERMILLION
from trainer.figures.legend import add_legend
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

_FOOT = 1 / 6  # of the requested rate: where a share of zero is drawn


class AgeLine(NamedTuple):
    """One score of one fit: its ages, ascending, and the share that exceeds at each."""

    name: str
    ages: Sequence[float]
    shares: Sequence[float]


def draw_ageing(
    plots: Mapping[str, tuple[float, Sequence[AgeLine]]],
    colours: Mapping[str, str],
    *,
    unit: str,
    allowed: float,
    across: int,
) -> Figure:
    """Draw one line for each fit and score.

    Parameters
    ----------
    plots
        Title -> requested rate and its lines.
    colours
        Score -> its colour.
    unit
        Unit of the ages.
    allowed
        Largest rate, in requested ones; what lies above is shaded.
    across
        Plots in a row.
    """
    down = -(-len(plots) // across)
    picture = figure(4.8 * across, 2.5 * down + 0.7)
    grid = picture.subplots(down, across, sharex=True, sharey="row", squeeze=False).ravel()
    for axes, (title, (requested, lines)) in zip(grid, plots.items(), strict=False):
        foot, most = requested * _FOOT, max(1.0, requested)
        for name, ages, shares in lines:
            drawn = [max(share, foot) for share in shares]
            axes.plot(ages, drawn, color=colours[name], marker="o", markersize=2.8, linewidth=1.2)
        axes.axhspan(allowed * requested, most, color=VERMILLION, alpha=0.07, linewidth=0)
        axes.axhline(requested, color=GREY, linestyle=":", linewidth=1.1)
        axes.set(yscale="log", title=title, ylim=(foot * 0.8, most))
        few_ticks(axes.yaxis)
        few_ticks(axes.xaxis)
    for axes in grid[-across:]:
        axes.set_xlabel(f"distance from the training [{unit}]")
    for axes in grid[::across]:
        axes.set_ylabel("share that exceeds")
    for axes in grid[len(plots) :]:
        axes.set_axis_off()
    drawn_names = dict.fromkeys(line.name for _, lines in plots.values() for line in lines)
    add_legend(picture, {name: colours[name] for name in drawn_names})
    return picture
