"""The panel of timelines: held-out blocks with faults put in, the scores, and what an operator would see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trainer.evaluation.detection.curves import ScoreTimeline
from trainer.evaluation.detection.results import FoldResult
from trainer.page import BLUE, GREEN, INK, ORANGE, VERMILLION, Panel, figure
from trainer.reporting.display_names import SPLITS

_COLOURS = {"consistency": BLUE, "onset": GREEN, "reconstruction": ORANGE}
_DASHED = (0, (4, 2))
_SHOWN = 2  # blocks: more are the same again


def timelines_panel(cells: Sequence[FoldResult], gas: str | None) -> Panel | None:
    """Draw the first blocks of the first cell that has any; ``None``: no cell has."""
    cell = next((cell for cell in cells if cell.curves is not None and cell.curves.timelines), None)
    if cell is None or cell.curves is None:
        return None
    timelines = cell.curves.timelines[:_SHOWN]
    picture = figure(10.0, 4.3 * len(timelines))
    parts = picture.subfigures(len(timelines), 1, squeeze=False)[:, 0]
    for part, timeline in zip(parts, timelines, strict=True):
        heights = (3.0, 1.0) if timeline.gas is None else (1.6, 3.0, 1.0)
        _draw(part.subplots(len(heights), 1, sharex=True, height_ratios=heights), timeline, gas)
    faults = [fault for timeline in timelines for fault in timeline.faults]
    found = sum(fault.found for fault in faults)
    alarms = sum(len(timeline.alarms) for timeline in timelines)
    return Panel(
        key="timeline",
        title="Held-out blocks with faults put in",
        says=f"{found} of {len(faults)} faults push the consistency over its threshold (filled; hollow: missed), "
        f"and an operator sees {alarms} alarm{'' if alarms == 1 else 's'}. {cell.station}, {SPLITS[cell.split]}.",
        figure=picture,
        alt=f"Timeline of scores over {len(timelines)} held-out blocks; faults: "
        + ", ".join(f"{fault.case} {'found' if fault.found else 'missed'}" for fault in faults),
        numbers={
            "faults": [
                {"case": one.case, "start": one.start, "end": one.end, "channel": one.channel, "found": one.found}
                for one in faults
            ],
            "blocks": [
                {
                    "row": timeline.row,
                    "scores": {name: np.round(values, 2) for name, values in timeline.scores.items()},
                    "thresholds": {name: np.round(values, 2) for name, values in timeline.thresholds.items()},
                    "alarms": timeline.alarms,
                }
                for timeline in timelines
            ],
        },
        wide=True,
    )


def _draw(grid: Sequence[Axes], timeline: ScoreTimeline, gas: str | None) -> None:
    *above, middle, below = grid
    if timeline.gas is not None:
        above[0].plot(timeline.row, timeline.gas, color=INK, linewidth=1.2)
        above[0].set_ylabel(gas or "gas")
    for name, score in timeline.scores.items():
        colour = _COLOURS.get(name, INK)
        middle.plot(timeline.row, score, color=colour, linewidth=1.1, label=name)
        if name in timeline.thresholds:
            middle.plot(timeline.row, timeline.thresholds[name], color=colour, linewidth=1.1, linestyle=_DASHED)
    middle.set_ylabel("-log10 p")
    handles = [
        *middle.get_legend_handles_labels()[0],
        Line2D([], [], color=INK, linestyle=_DASHED, label="threshold, which follows the station"),
    ]
    middle.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 0.97), ncols=len(handles), borderaxespad=0.0)
    for axes in (*above, middle):
        for fault in timeline.faults:
            axes.axvspan(fault.start, fault.end, color=VERMILLION, alpha=0.12, linewidth=0)
    for fault in timeline.faults:
        below.broken_barh(
            [(fault.start, max(fault.end - fault.start, 2))],
            (1.1, 0.8),
            facecolor=VERMILLION if fault.found else "none",
            edgecolor=VERMILLION,
        )
        below.annotate(
            fault.family, ((fault.start + fault.end) / 2, 2.0), ha="center", va="bottom", rotation=45, color=INK,
            annotation_clip=False,
        )  # fmt: skip
    below.broken_barh([(start, end - start) for start, end in timeline.alarms], (0.0, 0.8), facecolor=INK)
    below.set(yticks=[0.4, 1.5], yticklabels=["alarm", "fault"], ylim=(-0.1, 3.9), xlim=(timeline.start, timeline.end))
    below.set_xlabel("row of the record")
    below.grid(visible=False)
