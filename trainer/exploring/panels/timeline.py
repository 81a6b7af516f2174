"""The panel of the timeline: every column along the record, and the parts that it falls into."""

from __future__ import annotations

from config.station import Feature
from trainer.exploring.exploration import Exploration
from trainer.page import BLUE, GREY, ORANGE, VERMILLION, Panel, figure, quantity, unit
from trainer.page.ticks import few_ticks

_MOST_DRAWN = 12  # columns, beyond which lines are pixels


def timeline_panel(found: Exploration) -> Panel:
    """Draw least and largest values of every column; plateaus shaded, onsets marked, warm-up in orange."""
    sheet, line, parts = found.sheet, found.timeline, found.spells
    count = sheet.station.size
    picture = figure(10.0, (0.78 if count <= _MOST_DRAWN else 0.42) * count + 0.75)
    grid = picture.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for place, (axes, feature) in enumerate(zip(grid, sheet.station.features, strict=True)):
        low, high = line.low[:, place], line.high[:, place]
        axes.fill_between(line.edges[:-1], low, high, color=BLUE, linewidth=0.9, rasterized=count > _MOST_DRAWN)
        for number, (start, end) in enumerate(parts.plateaus):
            if number % 2:
                axes.axvspan(start, end, color=GREY, alpha=0.13, linewidth=0)
        if parts.warm_up:
            axes.axvspan(0, parts.warm_up, color=ORANGE, alpha=0.3, linewidth=0)
        for episode in parts.episodes:
            axes.axvline(episode.start, color=VERMILLION, linewidth=0.8, alpha=0.75)
        for start, _ in sheet.segments[1:][:200]:
            axes.axvline(start, color=GREY, linewidth=0.8, linestyle=":")
        if found.columns[place].missing < sheet.rows:
            axes.set_yscale("log" if feature.role == "gas" and found.columns[place].low > 0 else "linear")
        axes.set_ylabel(_label(feature, count), rotation=0, ha="right", va="center", fontsize=8)
        axes.yaxis.set_label_coords(-0.052, 0.5)
        axes.grid(visible=False, axis="x")
        axes.tick_params(axis="y", labelsize=8 if count <= _MOST_DRAWN else 5.5)
        few_ticks(axes.yaxis, 3 if count <= _MOST_DRAWN else 2)
    grid[-1].set_xlim(0, sheet.rows)
    grid[-1].set_xlabel("row")
    few_ticks(grid[-1].xaxis, 10)
    what = [
        f"{len(parts.plateaus)} plateaus of the climate (shaded by turns)"
        if len(parts.plateaus) > 1
        else "no step from one climate to another",
        f"{len(parts.episodes)} onsets of gas (red)" if parts.episodes else "no onset of gas",
    ]
    if parts.warm_up:
        what.append(f"{parts.warm_up:,} rows of warm-up (orange)")
    if len(sheet.segments) > 1:
        what.append(f"{len(sheet.segments) - 1} borders of segments (dotted)")
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


def _label(feature: Feature, count: int) -> str:
    """Name and unit, below one another where there is room."""
    if count > _MOST_DRAWN:
        return quantity(feature.key, feature.unit)
    return f"{feature.key}\n{unit(feature.unit)}".rstrip()
