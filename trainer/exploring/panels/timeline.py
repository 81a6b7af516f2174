"""The panel of the timeline: every column along the record, and the parts that it falls into."""

from __future__ import annotations

from config.settings.station import Feature, Station
from trainer.data.regimes import shortest
from trainer.exploring.exploration import Exploration
from trainer.figures.timeline import MOST_LARGE, Course, draw_record
from trainer.figures.units import quantity, unit
from trainer.page.panel import Panel


def timeline_panel(found: Exploration) -> Panel:
    """Show least and largest values of every column; plateaus shaded, onsets marked, warm-up in orange."""
    record, line, parts = found.record, found.timeline, found.phases
    count, borders = record.station.size, [start for start, _ in record.segments[1:]]
    what = [
        f"{len(parts.plateaus)} plateaus of {_levels(record.station)} (every other one shaded)"
        if len(parts.plateaus) > 1
        else f"no plateaus of {_levels(record.station)} of {shortest(record.rows):,} rows or more",
        _onsets(found),
    ]
    if parts.warm_up:
        what.append(f"{parts.warm_up:,} rows of warm-up (orange)")
    if borders:
        what.append(f"{len(borders)} border{'' if len(borders) == 1 else 's'} of segments (dotted)")
    return Panel(
        key="timeline",
        title="Timeline",
        caption=f"Found: {', '.join(what)}. Look for steps that neither gas nor climate explains.",
        figure=draw_record(
            line.edges,
            [
                Course(
                    _label(feature, count),
                    line.low[:, place],
                    line.high[:, place],
                    feature.role == "gas" and found.columns[place].low > 0,
                )
                for place, feature in enumerate(record.station.features)
            ],
            plateaus=parts.plateaus,
            warm_up=parts.warm_up or 0,
            onsets=[episode.start for episode in parts.episodes],
            borders=borders,
        ),
        alt=f"Each of {count} columns along {record.rows:,} rows: {'; '.join(what)}.",
        numbers={
            "row": line.edges[:-1],
            "low": dict(zip(record.station.keys, line.low.T, strict=True)),
            "high": dict(zip(record.station.keys, line.high.T, strict=True)),
        },
        wide=True,
    )


def _onsets(found: Exploration) -> str:
    episodes, plumes = found.phases.episodes, found.phases.plumes
    columns = {one.column for one in episodes}
    where = "" if len(columns) < 2 else f" in {len(columns)} columns"
    if episodes:
        return f"{len(episodes)} onset{'' if len(episodes) == 1 else 's'} of gas{where} (red)"
    if plumes > 1:
        return f"no onset of gas that stands out, as it is at three times its background {plumes:,} times"
    return "no onset of gas"


def _levels(station: Station) -> str:
    return "the climate" if any(feature.role == "environment" for feature in station.features) else "all columns"


def _label(feature: Feature, count: int) -> str:
    """Name and unit, below one another where there is room."""
    if count > MOST_LARGE:
        return quantity(feature.key, feature.unit)
    return f"{feature.key}\n{unit(feature.unit)}".rstrip()
