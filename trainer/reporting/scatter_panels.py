"""The panels of scatters: two columns against each other, made rows where real ones are, and where none is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm

from edge.arrays import Floats
from trainer.page import BLUE, GREY, VERMILLION, Panel, fading, figure
from trainer.reporting.axes import scale
from trainer.reporting.display_names import axis_label
from trainer.statistics.samples import Axis, BinnedSamples


def joint(axes: Axes, x: Axis, y: Axis, cells: Floats, *, met: Floats | None = None) -> None:
    """Draw how often the cells [40, 40] of two axes are met; rare ones are visible.

    Of ``met`` cells those that are not met now are grey, and those that were not met are in another colour.
    """
    strength = PowerNorm(0.4, 0.0, float(cells.max()) or 1.0)
    parts: list[tuple[Floats, str, Normalize]] = [(cells, BLUE, strength)]
    if met is not None:
        inside = met > 0
        parts = [
            (np.where(inside, 0.15, 0.0), GREY, Normalize(0.0, 1.0)),
            (np.where(inside, cells, 0.0), BLUE, strength),
            (np.where(inside, 0.0, cells), VERMILLION, strength),
        ]
    for values, colour, norm in parts:
        axes.pcolormesh(x.edges, y.edges, values.T, cmap=fading(colour), norm=norm, rasterized=True)
    scale(axes, x, "x", ticks=3)
    scale(axes, y, "y", ticks=4)
    axes.grid(visible=False)


def joints_panel(
    gallery: BinnedSamples,
    real: str,
    made: Sequence[tuple[str, str]],
    pairs: Sequence[tuple[str, str]],
    *,
    key: str,
    title: str,
    says: str,
) -> Panel:
    """Draw pairs of columns of some samples.

    Parameters
    ----------
    gallery
        Sets of rows on the same axes.
    real
        The sample that all others are held against.
    made
        (sample, its heading).
    pairs
        Keys (x, y), one row of pictures each.
    """
    by_key = {axis.key: axis for axis in gallery.axes}
    picture = figure(1.65 * (1 + len(made)) + 0.6, 1.6 * len(pairs) + 0.4)
    grid = picture.subplots(len(pairs), 1 + len(made), squeeze=False, sharex="row", sharey="row")
    outside: dict[str, dict[str, float]] = {}
    for place, (row, (first, second)) in enumerate(zip(grid, pairs, strict=True)):
        x, y = by_key[first], by_key[second]
        pair = gallery.pairs.index((first, second))
        met = gallery.samples[real].joints[pair]
        for axes, (name, heading) in zip(row, [(real, real), *made], strict=True):
            cells = gallery.samples[name].joints[pair]
            joint(axes, x, y, cells, met=met)
            axes.set_xlabel(axis_label(x))
            told = [heading] if place == 0 else []
            if name != real:
                beyond = float(cells[met <= 0].sum())
                outside.setdefault(f"{second} over {first}", {})[name] = beyond
                told.append(f"{beyond:.0f} % outside")
            axes.set_title("\n".join(told))
        row[0].set_ylabel(axis_label(y))
    return Panel(
        key=key,
        title=title,
        says=says,
        figure=picture,
        alt="Two-dimensional histograms of "
        + "; ".join(f"{second} over {first}" for first, second in pairs)
        + f" for {real}, {', '.join(heading for _, heading in made)}.",
        numbers={"percent of rows in cells without a real row": outside},
        wide=True,
    )
