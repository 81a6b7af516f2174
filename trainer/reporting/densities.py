"""The panel of densities: every column, real and generated, over one another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.arrays import Floats
from trainer.figures.densities import SAMPLES_EVERY, draw_samples
from trainer.page.panel import Panel
from trainer.statistics.samples import BinnedSamples

_HIGHEST = 2.0  # times the real density: a spike must not flatten the others


def sample_densities_panel(
    binned: BinnedSamples, shown: Mapping[str, str], *, key: str, title: str, caption: str
) -> Panel:
    """Show the density of every column of samples.

    Parameters
    ----------
    binned
        Sets of rows on the same axes.
    shown
        Sample -> its colour; the first sample is the real one.
    key, title, caption
        As in :class:`~trainer.page.panel.Panel`.
    """
    densities = {name: binned.samples[name].densities for name in shown if name in binned.samples}
    real = next(iter(densities))
    highest = np.max([of.max(axis=1) for of in densities.values()], axis=0)
    tops = np.minimum(highest, _HIGHEST * densities[real].max(axis=1))
    cut = [axis.key for axis, top, most in zip(binned.axes, tops, highest, strict=True) if most > top]
    return Panel(
        key=key,
        title=title,
        caption=caption + (f" Cut at twice the height of {real}: {', '.join(cut)}." if cut else ""),
        figure=draw_samples(binned.axes, densities, shown, tops),
        alt=f"Density of {', '.join(axis.key for axis in binned.axes)}: {', '.join(densities)} overlaid.",
        numbers={
            axis.key: {"unit": axis.unit, "points": axis.points[::SAMPLES_EVERY]}
            | {name: of[place][::SAMPLES_EVERY] for name, of in densities.items()}
            for place, axis in enumerate(binned.axes)
        },
        wide=True,
    )


def ks_distances(binned: BinnedSamples, one: str, other: str) -> dict[str, float]:
    """Return the Kolmogorov-Smirnov distance of two samples by column, as exactly as the points allow."""
    return {
        axis.key: float(np.abs(_cumulative(a) - _cumulative(b)).max())
        for axis, a, b in zip(binned.axes, binned.samples[one].densities, binned.samples[other].densities, strict=True)
    }


def _cumulative(density: Floats) -> Floats:
    total = float(density.sum())
    return np.cumsum(density) / total if total else density
