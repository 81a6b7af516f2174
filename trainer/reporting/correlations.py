"""The panel of correlations: matrices side by side, and what made rows get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from edge.arrays import Floats
from trainer.page import Panel, diverging, figure
from trainer.statistics.samples import BinnedSamples

_MOST_NAMES = 12  # more do not fit: every other, or fewer, is named


def matrix(
    axes: Axes, values: Floats, below: Sequence[str], beside: Sequence[str], *, most: float = 1.0
) -> ScalarMappable:
    """Draw a square of numbers between ``-most`` and ``most``, with names below and beside it, if there are any."""
    drawn = axes.pcolormesh(values, cmap=diverging(), norm=Normalize(-most, most), rasterized=True)
    axes.set(aspect="equal")
    axes.invert_yaxis()
    step = -(-len(values) // _MOST_NAMES)
    ticks = np.arange(0, len(values), step) + 0.5
    axes.set_xticks(ticks, below[::step] or [""] * len(ticks), rotation=90)
    axes.set_yticks(ticks, beside[::step] or [""] * len(ticks))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    return drawn


def sample_correlations_panel(
    gallery: BinnedSamples, real: str, made: Sequence[str], *, key: str, title: str, says: str
) -> Panel:
    """Draw the correlations of the real rows, of made ones, and below these the difference."""
    names = [axis.key for axis in gallery.axes]
    matrices = {name: gallery.samples[name].correlations for name in (real, *made)}
    differences = {name: matrices[name] - matrices[real] for name in made}
    most = max(0.05, *(float(np.nanmax(np.abs(one), initial=0.0)) for one in differences.values()))
    size = max(0.19 * min(len(names), _MOST_NAMES) + 0.4, 1.5)
    picture = figure(size * (1 + len(made)) + 1.2, 2 * size + 1.8)
    grid = picture.subplots(2, 1 + len(made), squeeze=False)
    for place, (name, values) in enumerate(matrices.items()):
        whole = matrix(grid[0, place], values, (), names if place == 0 else ())
        grid[0, place].set_title(fill(name, 16))
        if name != real:
            wrong = matrix(grid[1, place], differences[name], names, (), most=most)
            grid[1, place].set_title(f"off by {_mean(differences[name]):.3f}")
    grid[1, 0].set_axis_off()
    bars = ((0.75, whole, "Pearson correlation", 1.0), (0.3, wrong, f"difference from {real}", most))
    for bottom, drawn, what, end in bars:
        scale = grid[1, 0].inset_axes((0.0, bottom, 0.95, 0.08))
        picture.colorbar(drawn, cax=scale, orientation="horizontal", ticks=[-end, 0.0, end])
        scale.xaxis.set_major_formatter("{x:.2g}")
        scale.set_title(what)
    return Panel(
        key=key,
        title=title,
        says=says,
        figure=picture,
        alt=f"Correlation matrices of {real}, {', '.join(made)}, and their differences; "
        + "; ".join(f"{name}: mean error {_mean(one):.3f}" for name, one in differences.items()),
        numbers={"columns": names} | {name: np.round(values, 4) for name, values in matrices.items()},
        wide=True,
    )


def _mean(difference: Floats) -> float:
    """Mean over all pairs of columns."""
    pairs = np.abs(difference[np.triu_indices(len(difference), 1)])
    return float(np.nanmean(pairs)) if len(pairs) else 0.0
