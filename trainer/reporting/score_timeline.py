"""The panel of the timeline: held-out blocks with faults put in, the scores, and what an operator would see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.evaluation.detection.curves import ScoreTimeline
from trainer.evaluation.detection.results import FoldResult
from trainer.figures.timeline import Block, FaultMark, draw_blocks
from trainer.page.panel import Panel
from trainer.reporting.display_names import SPLITS

_SHOWN = 2  # blocks: more would show nothing new


def score_timeline_panel(folds: Sequence[FoldResult], gas: str | None) -> Panel | None:
    """Show the first blocks of the first fold that kept any; ``None``: no fold did."""
    fold = next((fold for fold in folds if fold.curves is not None and fold.curves.timelines), None)
    if fold is None or fold.curves is None:
        return None
    timelines = fold.curves.timelines[:_SHOWN]
    faults = [fault for timeline in timelines for fault in timeline.faults]
    found = sum(fault.found for fault in faults)
    alarms = sum(len(timeline.alarms) for timeline in timelines)
    return Panel(
        key="timeline",
        title="Held-out blocks with faults put in",
        caption=f"{found} of {len(faults)} faults push the consistency over its threshold (filled; hollow: missed), "
        f"and an operator sees {alarms} alarm{'' if alarms == 1 else 's'}. {fold.station}, {SPLITS[fold.split]}.",
        figure=draw_blocks([_block(timeline, gas) for timeline in timelines]),
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


def _block(timeline: ScoreTimeline, gas: str | None) -> Block:
    return Block(
        span=(timeline.start, timeline.end),
        row=timeline.row,
        scores=timeline.scores,
        thresholds=timeline.thresholds,
        gas=None if timeline.gas is None else (gas or "gas", timeline.gas),
        faults=[FaultMark(fault.start, fault.end, fault.family, fault.found) for fault in timeline.faults],
        alarms=timeline.alarms,
    )
