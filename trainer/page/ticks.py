"""Ticks: few and round, whatever the scale of an axis."""

from __future__ import annotations

from math import log10

from matplotlib.axis import Axis
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

_WIDE = 4.0  # a factor, below which logarithmic ticks would be one or two
_DECADES = 1.7  # below which there is room for ticks between the decades


def few_ticks(axis: Axis, most: int, *, unit: str = "") -> None:
    """Set a few round ticks with k and M for large numbers; what is drawn, or the limits, must be there before."""
    low, high = sorted(axis.get_view_interval())
    wide = axis.get_scale() == "log" and low > 0 and high > _WIDE * low
    axis.set_major_locator(
        LogLocator(subs=(1, 2, 5), numticks=most + 2) if wide else MaxNLocator(most, steps=[1, 2, 5, 10])
    )
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter(unit, sep=""))


def log_ticks(axis: Axis) -> None:
    """Set the ticks of a logarithmic axis of small numbers, written out; the limits must be there before."""
    low, high = sorted(axis.get_view_interval())
    if high > _WIDE * low:
        subs = (1.0, 2.0, 5.0) if log10(high / low) < _DECADES else (1.0,)
        axis.set_major_locator(LogLocator(subs=subs))
    else:
        axis.set_major_locator(MaxNLocator(5))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
