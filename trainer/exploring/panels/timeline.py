"""The panel of the timeline: every column along the record, and the parts that it falls into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from config.settings.station import Feature
from trainer.data.regimes import shortest
from trainer.exploring.exploration import Exploration
from trainer.exploring.timeline import PIXELS
from trainer.figures.ticks import few_ticks
from trainer.page import BLUE, GREY, ORANGE, VERMILLION, Panel, figure, quantity, unit

_MOST_DRAWN = 12  # columns, beyond which lines are pixels
_MOST_LINES = 40  # onsets or borders, beyond which their lines would hide what they cross
_EDGE = 0.9  # of the height, from which they are drawn then


def timeline_panel(found: Exploration) -> Panel:
    """Draw least and largest values of every column; plateaus shaded, onsets marked, warm-up in orange."""
    sheet, line, parts = found.sheet, found.timeline, found.phases
    count = sheet.station.size
    picture = figure(10.0, (0.78 if count <= _MOST_DRAWN else 0.42) * count + 0.75)
    grid = picture.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for place, (axes, feature) in enumerate(zip(grid, sheet.station.features, strict=True)):
        low, high = (np.append(end[:, place], end[-1, place]) for end in (line.low, line.high))
        axes.fill_between(line.edges, low, high, color=BLUE, linewidth=0.9, rasterized=count > _MOST_DRAWN)
        for number, (start, end) in enumerate(parts.plateaus):
            if number % 2:
                axes.axvspan(start, end, color=GREY, alpha=0.13, linewidth=0)
        if parts.warm_up:
            axes.axvspan(0, parts.warm_up, color=ORANGE, alpha=0.3, linewidth=0)
        _lines(axes, [episode.start for episode in parts.episodes], VERMILLION, "-")
        _lines(axes, [start for start, _ in sheet.segments[1:]], GREY, ":")
        if found.columns[place].missing < sheet.rows:
            axes.set_yscale("log" if feature.role == "gas" and found.columns[place].low > 0 else "linear")
        axes.set_ylabel(_label(feature, count), rotation=0, ha="right", va="center", fontsize=8, linespacing=1.4)
        axes.yaxis.set_label_coords(-0.062, 0.5)
        axes.grid(visible=False, axis="x")
        axes.tick_params(axis="y", labelsize=8 if count <= _MOST_DRAWN else 5.5)
        few_ticks(axes.yaxis, 3 if count <= _MOST_DRAWN else 2)
    grid[-1].set_xlim(0, sheet.rows)
    grid[-1].set_xlabel("row")
    few_ticks(grid[-1].xaxis, 10)
    what = [
        f"{len(parts.plateaus)} plateaus of the climate (shaded by turns)"
        if len(parts.plateaus) > 1
        else f"no plateaus of the climate of {shortest(sheet.rows):,} rows or more",
        f"{len(parts.episodes)} onset{'' if len(parts.episodes) == 1 else 's'} of gas (red)"
        if parts.episodes
        else "no onset of gas",
    ]
    if parts.warm_up:
        what.append(f"{parts.warm_up:,} rows of warm-up (orange)")
    if len(sheet.segments) > 1:
        borders = len(sheet.segments) - 1
        what.append(f"{borders} border{'' if borders == 1 else 's'} of segments (dotted)")
    return Panel(
        key="timeline",
        title="Timeline",
        says=f"Found: {', '.join(what)}. Look for steps that no gas and no climate explains.",
        figure=picture,
        alt=f"Each of {count} columns along {sheet.rows:,} rows: {'; '.join(what)}.",
        numbers={
            "row": line.edges[:-1],
            "low": dict(zip(sheet.station.keys, line.low.T, strict=True)),
            "high": dict(zip(sheet.station.keys, line.high.T, strict=True)),
        },
        wide=True,
    )


def _lines(axes: Axes, rows: Sequence[int], colour: str, style: str) -> None:
    """Mark rows from top to bottom; many of them at the upper edge, and of very many some."""
    foot = 0.0 if len(rows) <= _MOST_LINES else _EDGE
    for row in rows[:: -(-len(rows) // PIXELS) or 1]:
        axes.axvline(row, foot, color=colour, linewidth=0.8, linestyle=style, alpha=0.75)


def _label(feature: Feature, count: int) -> str:
    """Name and unit, below one another where there is room."""
    if count > _MOST_DRAWN:
        return quantity(feature.key, feature.unit)
    return f"{feature.key}\n{unit(feature.unit)}".rstrip()
