"""Few round ticks, whatever the scale of an axis."""

from __future__ import annotations

from math import log10

from matplotlib.axis import Axis
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

_WIDE = 4.0  # ratio of the limits, below which there would be only one or two logarithmic ticks
_LARGE = EngFormatter(sep="")


def few_ticks(axis: Axis, most: int = 5) -> None:
    """Set about ``most`` round ticks; set the limits, or draw, before."""
    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "log" and low > 0 and high > _WIDE * low:
        between = 3 * log10(high / low) <= most + 2  # there is room for ticks between the decades
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if between else (1,), numticks=most + 2))
    else:
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    plain(axis)


def plain(axis: Axis) -> None:
    """Write tick labels as people do, large numbers with k and M, and drop the minor ticks."""
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_written))


def _written(value: float, _: int | None = None) -> str:
    return _LARGE(value) if abs(value) >= 1e3 else f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
