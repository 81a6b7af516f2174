"""Ticks: few and round, whatever the scale of an axis."""

from __future__ import annotations

from math import log10

from matplotlib.axis import Axis
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

_WIDE = 4.0  # a factor, below which logarithmic ticks would be one or two
_LARGE = EngFormatter(sep="")


def few_ticks(axis: Axis, most: int = 5) -> None:
    """Set about so many round ticks; what is drawn, or the limits, must be there before."""
    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "log" and low > 0 and high > _WIDE * low:
        between = 3 * log10(high / low) <= most + 2  # there is room for ticks between the decades
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if between else (1,), numticks=most + 2))
    else:
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    plain(axis)


def plain(axis: Axis) -> None:
    """Write ticks as people do, large numbers with k and M, and leave those in between without."""
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_written))


def _written(value: float, _: int | None = None) -> str:
    return _LARGE(value) if abs(value) >= 1e3 else f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
