"""Draws dots in rows of a name each: several series, or one beside what is wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.figures.colours import BLUE, GREEN, GREY
from trainer.figures.legend import add_legend
from trainer.figures.style import figure, grid

Series = Mapping[str, Mapping[str, float]]
"""Series -> row -> value; a series may lack rows."""
Wanted = tuple[float | None, float | None]
"""Least and most; ``None``: no limit."""

_APART = 0.16  # of the distance between two rows


def compare_dots(series: Series, colours: Mapping[str, str]) -> Figure:
    """Draw series of equal rank, slightly apart, so that equal values do not hide one another."""
    rows = list(dict.fromkeys(row for values in series.values() for row in values))
    picture = figure(5.0, 0.32 * len(rows) + 1.1)
    (axes,) = grid(picture, 1, 1)
    _plot_dots(axes, series, colours, rows, apart=_APART)
    add_legend(picture, {name: colours[name] for name in series})
    return picture


def draw_dots(
    measures: Mapping[str, Series], colours: Mapping[str, str], limits: Mapping[str, tuple[float, float]], first: str
) -> Figure:
    """Draw series on axes of a measure each.

    Parameters
    ----------
    measures
        Title of the axes -> series; all of the same rows.
    colours
        Series -> its colour.
    limits
        Title of the axes -> least and most.
    first
        The series that counts, which is drawn larger.
    """
    rows = list(dict.fromkeys(row for series in measures.values() for values in series.values() for row in values))
    picture = figure(9.6, 0.36 * len(rows) + 1.3)
    all_axes = picture.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, (title, series) in zip(all_axes, measures.items(), strict=True):
        _plot_dots(axes, series, colours, rows, first=first)
        axes.set(title=title, xlim=limits[title])
    picture.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=len(colours))
    return picture


def draw_against_wanted(
    rows: Sequence[str],
    measures: Mapping[str, tuple[Sequence[float], Wanted]],
    first: str,
    *,
    reference: float | None = None,
) -> Figure:
    """Draw one dot a row and measure, over the range that is wanted.

    Parameters
    ----------
    rows
        Names.
    measures
        Title of the axes -> values by row (nan: missing), and what is wanted; axes without a value are left out.
    first
        The row that counts, which is drawn larger.
    reference
        Value to mark with a dotted line.
    """
    known = {title: both for title, both in measures.items() if not all(map(math.isnan, both[0]))}
    picture = figure(10.0, 0.34 * len(rows) + 1.0)
    all_axes = picture.subplots(1, len(known), sharey=True, squeeze=False)[0]
    for axes, (title, (values, wanted)) in zip(all_axes, known.items(), strict=True):
        if reference is not None:
            axes.axvline(reference, color=GREY, linestyle=":", linewidth=1.0)
        for place, (name, value) in enumerate(zip(rows, values, strict=True)):
            if not math.isnan(value):
                mine = name == first
                axes.plot(value, place, "o", color=BLUE if mine else GREY, markersize=8 if mine else 6)
        axes.set_title(title)
        low, high = _limits([*values, *filter(None, wanted), *([] if reference is None else [reference])])
        axes.set_xlim(low, high)
        if any(wanted):
            axes.axvspan(wanted[0] or low, wanted[1] or high, color=GREEN, alpha=0.15, linewidth=0)
    all_axes[0].set_yticks(range(len(rows)), rows)
    all_axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return picture


def _plot_dots(
    axes: Axes, series: Series, colours: Mapping[str, str], rows: Sequence[str], *, first: str = "", apart: float = 0.0
) -> None:
    """Plot the values of every row over a grey line from the least to the largest."""
    for place, row in enumerate(rows):
        values = [of[row] for of in series.values() if row in of]
        axes.plot([min(values), max(values)], [place, place], color=GREY, linewidth=1.0, zorder=1)
        for number, (name, of) in enumerate(series.items()):
            if row in of:
                axes.plot(
                    of[row],
                    place + apart * (number - (len(series) - 1) / 2),
                    "D" if first and name != first else "o",
                    color=colours[name],
                    markersize=8 if name == first else 5,
                    label=None if place else name,
                )
    axes.set_yticks(range(len(rows)), rows)
    if not axes.yaxis_inverted():  # it is shared
        axes.invert_yaxis()


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Lay an axis around the values that are there."""
    known = [value for value in values if not math.isnan(value)]
    margin = 0.1 * (max(known) - min(known)) or 0.1
    return min(known) - margin, max(known) + margin
