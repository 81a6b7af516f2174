"""Sets the scale, the limits and the ticks of an axis that a column is drawn on."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from trainer.figures.axis import Axis
from trainer.figures.ticks import plain

_DECADE = 10.0


def set_scale(
    axes: Axes,
    axis: Axis,
    along: Literal["x", "y"] = "x",
    *,
    ticks: int = 4,
    limits: tuple[float, float] | None = None,
) -> None:
    """Set the scale, the limits (``None``: the whole axis) and a few round ticks of one axis."""
    low, high = limits or (float(axis.edges[0]), float(axis.edges[-1]))
    one = axes.xaxis if along == "x" else axes.yaxis
    (axes.set_xscale if along == "x" else axes.set_yscale)(axis.scale)
    (axes.set_xlim if along == "x" else axes.set_ylim)(low, high)
    # Over less than a decade there would be one logarithmic tick or none.
    wide = axis.scale == "log" and high > _DECADE * low
    one.set_major_locator(LogLocator(subs=(1, 3), numticks=ticks + 2) if wide else MaxNLocator(ticks))
    plain(one)
