"""Draws square matrices, such as correlations, as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from edge.arrays import Floats
from trainer.figures.colormaps import diverging
from trainer.figures.colours import INK
from trainer.figures.style import figure

_MOST_WRITTEN = 14  # columns of a large heat map; values of more do not fit
_MOST_NAMED = {False: 12, True: 60}  # columns of a small and of a large heat map; of more, every other, or fewer
_LIGHTER = 0.85  # opacity of what is written on


def heatmap(
    axes: Axes, values: Floats, below: Sequence[str], beside: Sequence[str], *, most: float = 1.0, large: bool = False
) -> ScalarMappable:
    """Draw a square matrix; a cross marks what is nan.

    Parameters
    ----------
    values
        Numbers between ``-most`` and ``most``, [F, F].
    below, beside
        Names of the columns and of the rows; empty: not named.
    large
        The heat map takes half of the page: there is room for the values of a few columns, and for more names.
    """
    count = len(values)
    colours = diverging(_LIGHTER if large else 1.0)
    drawn = axes.pcolormesh(values, cmap=colours, norm=Normalize(-most, most), rasterized=True)
    if large and count <= _MOST_WRITTEN:
        for row, column in np.argwhere(np.isfinite(values)):
            text = "1" if row == column else f"{values[row, column]:.2f}".replace("0.", ".", 1)
            size = 8 if count < 11 else 6.5
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=INK, fontsize=size)
    for row, column in np.argwhere(~np.isfinite(values)):
        axes.plot(column + 0.5, row + 0.5, "x", color=INK, markersize=3, alpha=0.5)
    axes.set(aspect="equal", ylim=(count, 0))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(not large)
    step = -(-count // _MOST_NAMED[large])
    ticks = np.arange(0, count, step) + 0.5
    font = 5.5 if large and count > 20 else 8
    axes.set_xticks(ticks, below[::step] or [""] * len(ticks), rotation=90, fontsize=font)
    axes.set_yticks(ticks, beside[::step] or [""] * len(ticks), fontsize=font)
    return drawn


def draw_correlations(matrices: Mapping[str, Floats], names: Sequence[str]) -> Figure:
    """Draw large matrices [F, F] side by side, with their values where there is room."""
    picture = figure(10.0, min(0.42 * len(names) + 1.4, 6.0))
    all_axes = picture.subplots(1, len(matrices), sharey=True)
    for axes, (title, values) in zip(all_axes, matrices.items(), strict=True):
        drawn = heatmap(axes, values, names, names, large=True)
        axes.set_title(title)
    picture.colorbar(drawn, ax=list(all_axes), label="correlation", shrink=0.8, aspect=30)
    return picture


def draw_correlation_errors(
    matrices: Mapping[str, Floats], errors: Mapping[str, float], names: Sequence[str]
) -> Figure:
    """Draw correlation matrices in a row, and below them their differences from the first one.

    Parameters
    ----------
    matrices
        Sample -> its matrix [F, F]; the first sample is the real one.
    errors
        Every other sample -> its mean error, for the title.
    names
        Names of the F columns.
    """
    real, *made = matrices
    differences = {name: matrices[name] - matrices[real] for name in made}
    most = max(0.05, *(float(np.nanmax(np.abs(one), initial=0.0)) for one in differences.values()))
    size = max(0.19 * min(len(names), _MOST_NAMED[False]) + 0.4, 1.5)
    picture = figure(size * len(matrices) + 1.2, 2 * size + 1.8)
    above, below = picture.subplots(2, len(matrices), squeeze=False)
    for place, (name, values) in enumerate(matrices.items()):
        whole = heatmap(above[place], values, (), names if place == 0 else ())
        above[place].set_title(fill(name, 16))
        if name != real:
            wrong = heatmap(below[place], differences[name], names, (), most=most)
            below[place].set_title(f"off by {errors[name]:.3f}")
    below[0].set_axis_off()
    bars = ((0.75, whole, "Pearson correlation", 1.0), (0.3, wrong, f"difference from {real}", most))
    for bottom, drawn, title, end in bars:
        bar = below[0].inset_axes((0.0, bottom, 0.95, 0.08))
        picture.colorbar(drawn, cax=bar, orientation="horizontal", ticks=[-end, 0.0, end])
        bar.xaxis.set_major_formatter("{x:.2g}")
        bar.set_title(title)
    return picture
