"""Draws autocorrelations by lag."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from edge.arrays import Floats, Indices
from trainer.figures.colours import CYCLE, GREY, INK
from trainer.figures.style import figure
from trainer.figures.ticks import few_ticks

MOST_NAMED = 18
"""Columns up to which a legend names them."""
_STYLES = ("-", "--", ":")


def draw_autocorrelations(lags: Indices, columns: Mapping[str, Floats]) -> Figure:
    """Draw the autocorrelation of columns at lags [L], over a dashed line at 1/e."""
    picture = figure(10.0, 3.4)
    axes = picture.subplots()
    axes.axhline(np.exp(-1), color=GREY, linewidth=0.9, linestyle="--")
    for place, (name, correlation) in enumerate(columns.items()):
        style = _STYLES[place // len(CYCLE) % len(_STYLES)]
        axes.plot(lags, correlation, color=CYCLE[place % len(CYCLE)], linestyle=style, label=name)
    axes.axhline(0.0, color=INK, linewidth=0.7)
    axes.set_xscale("log")
    axes.set_xlim(1, lags[-1])
    low = min(float(np.nanmin(correlation)) for correlation in columns.values())
    axes.set(ylim=(max(-1.0, low - 0.08), 1.04), xlabel="lag [rows]", ylabel="correlation")
    few_ticks(axes.xaxis, 10)
    if len(columns) <= MOST_NAMED:
        picture.legend(loc="outside right upper")
    return picture
