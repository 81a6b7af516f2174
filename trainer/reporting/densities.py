"""The panel of densities: every column, real and made, one over the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainer.page import Panel, figure
from trainer.reporting.axes import scale
from trainer.reporting.display_names import axis_label
from trainer.statistics.samples import BinnedSamples

_HIGHEST = 2.0  # times the real density
_EVERY = 3  # points drawn: finer than a pixel of an axes


def sample_densities_panel(
    gallery: BinnedSamples, shown: Mapping[str, str], *, key: str, title: str, says: str
) -> Panel:
    """Draw the density of every column of some samples.

    Parameters
    ----------
    gallery
        Sets of rows on the same axes.
    shown
        Sample -> its colour; the first is the real one, and filled.
    key, title, says
        As in :class:`~trainer.page.Panel`.
    """
    names = [name for name in shown if name in gallery.samples]
    columns = min(3, len(gallery.axes))
    rows = -(-len(gallery.axes) // columns)
    picture = figure(3.2 * columns, 1.9 * rows + 0.4)
    grid = picture.subplots(rows, columns, squeeze=False).ravel()
    cut = []
    for place, (axes, axis) in enumerate(zip(grid, gallery.axes, strict=False)):
        points = axis.points[::_EVERY]
        most = max(float(gallery.samples[name].densities[place].max()) for name in names)
        real = float(gallery.samples[names[0]].densities[place].max())
        if most > _HIGHEST * real:
            cut.append(axis.key)
        for name in names:
            density = gallery.samples[name].densities[place][::_EVERY]
            if name == names[0]:
                axes.fill_between(points, density, color=shown[name], alpha=0.25, linewidth=0)
            axes.plot(points, density, color=shown[name], linewidth=1.6, label=name)
        # One that has collapsed to a spike must not flatten the others.
        axes.set(title=axis_label(axis), yticks=[], ylim=(0, 1.05 * min(most, _HIGHEST * real) or 1))
        scale(axes, axis, ticks=5)
        axes.spines[["left", "right", "top"]].set_visible(False)
    for axes in grid[len(gallery.axes) :]:
        axes.set_axis_off()
    picture.legend(*grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=min(5, len(names)))
    return Panel(
        key=key,
        title=title,
        says=says + (f" Cut at twice the height of {names[0]}: {', '.join(cut)}." if cut else ""),
        figure=picture,
        alt=f"Density of {', '.join(axis.key for axis in gallery.axes)}: {', '.join(names)} overlaid.",
        numbers={
            axis.key: {"unit": axis.unit, "points": axis.points[::_EVERY]}
            | {name: gallery.samples[name].densities[place][::_EVERY] for name in names}
            for place, axis in enumerate(gallery.axes)
        },
        wide=True,
    )


def distance(gallery: BinnedSamples, real: str, made: str) -> dict[str, float]:
    """Return of each column the Kolmogorov-Smirnov distance of two samples, as near as the points are."""
    return {
        axis.key: float(np.abs(_cumulated(one) - _cumulated(other)).max())
        for axis, one, other in zip(
            gallery.axes, gallery.samples[real].densities, gallery.samples[made].densities, strict=True
        )
    }


def _cumulated(density: np.ndarray) -> np.ndarray:
    total = float(density.sum())
    return np.cumsum(density) / total if total else density
