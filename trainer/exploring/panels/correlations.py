"""The panel of correlations: heat maps with their values."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from edge.arrays import Floats
from trainer.exploring.exploration import Exploration
from trainer.page import INK, Panel, diverging, figure

_MOST_WRITTEN = 14  # columns, beyond which values do not fit
_MOST_NAMED = 60


def correlations_panel(found: Exploration) -> Panel:
    """Draw Pearson's and Spearman's side by side."""
    keys = found.sheet.station.keys
    both = {"Pearson": found.correlations.pearson, "Spearman": found.correlations.spearman}
    size = min(0.42 * len(keys) + 1.4, 6.0)
    picture = figure(10.0, size)
    grid = picture.subplots(1, 2, sharey=True)
    for axes, (name, values) in zip(grid, both.items(), strict=True):
        drawn = _heat(axes, values)
        axes.set_title(name)
        _name(axes, keys)
    picture.colorbar(drawn, ax=list(grid), label="correlation", shrink=0.8, aspect=30)
    strongest = _strongest(both["Spearman"])
    says = "Blue rises together, orange against each other; a strong Spearman with a weak Pearson is a bent line."
    if strongest is not None:
        one, other = strongest
        says = f"Strongest: {keys[one]} and {keys[other]} ({both['Spearman'][one, other]:+.2f}). " + says
    return Panel(
        key="correlations",
        title="Correlations",
        says=says,
        figure=picture,
        alt=f"Heat maps of Pearson's and Spearman's correlation of {len(keys)} columns. {says}",
        numbers={"columns": list(keys)} | {name.lower(): values for name, values in both.items()},
        wide=True,
    )


def _heat(axes: Axes, values: Floats) -> ScalarMappable:
    count = len(values)
    drawn = axes.pcolormesh(values, cmap=diverging(0.85), norm=Normalize(-1.0, 1.0), rasterized=True)
    if count <= _MOST_WRITTEN:
        for row, column in np.argwhere(np.isfinite(values)):
            text = "1" if row == column else f"{values[row, column]:.2f}".replace("0.", ".", 1)
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", color=INK, fontsize=8 if count < 11 else 6.5
            )
    for row, column in np.argwhere(~np.isfinite(values)):
        axes.plot(column + 0.5, row + 0.5, "x", color=INK, markersize=3, alpha=0.5)
    axes.set_aspect("equal")
    axes.set_ylim(count, 0)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return drawn


def _name(axes: Axes, keys: tuple[str, ...]) -> None:
    every = -(-len(keys) // _MOST_NAMED)
    places = np.arange(0, len(keys), every)
    size = 8 if len(keys) <= 20 else 5.5
    axes.set_xticks(places + 0.5, [keys[i] for i in places], rotation=90, fontsize=size)
    axes.set_yticks(places + 0.5, [keys[i] for i in places], fontsize=size)


def _strongest(values: Floats) -> tuple[int, int] | None:
    size = np.abs(np.triu(np.nan_to_num(values), 1))
    if not size.any():
        return None
    one, other = np.unravel_index(int(np.argmax(size)), size.shape)
    return int(one), int(other)
