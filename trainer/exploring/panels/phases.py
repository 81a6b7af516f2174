"""The panel of the parts that a record falls into."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from trainer.data.onsets import RISE, WITHIN
from trainer.exploring.exploration import Exploration
from trainer.page import HtmlTable, Panel, unit

_MOST_GAPS = 50


def phases_panel(found: Exploration) -> Panel:
    """List files, plateaus, episodes and gaps."""
    sheet, parts = found.sheet, found.phases
    environment = [j for j, feature in enumerate(sheet.station.features) if feature.role == "environment"]
    tables = [
        HtmlTable(
            ("file", "first row", "rows", "segments"),
            [
                (file, start, end - start, sum(start <= one < end for one, _ in sheet.segments))
                for file, (start, end) in zip(sheet.files, sheet.parts, strict=True)
            ],
            "Files" + _between(sheet.time),
        ),
        HtmlTable(
            ("plateau", "from row", "rows", *(f"{sheet.station.keys[j]}" for j in environment)),
            [
                (number, start, end - start, *(_median(sheet.values[start:end, j]) for j in environment))
                for number, (start, end) in enumerate(parts.plateaus, 1)
            ],
            "Plateaus of the climate, and its medians there",
        ),
    ]
    if parts.episodes and sheet.station.gas is not None:
        gas = unit(sheet.station.features[sheet.station.gas_index or 0].unit)
        tables.append(
            HtmlTable(
                ("episode", "onset", "rows", f"before [{gas}]", f"peak [{gas}]"),
                [
                    (number, one.start, one.end - one.start, round(one.before), round(one.peak))
                    for number, one in enumerate(parts.episodes, 1)
                ],
                f"Episodes of the gas, until it is back near its background or the next one begins. It has to rise by "
                f"{RISE:g} backgrounds within {WITHIN} rows: smaller plumes are not counted.",
            )
        )
    if sheet.gaps:
        what = f"Gaps in time: {len(sheet.gaps)}, the longest first"
        tables.append(HtmlTable(("before row", "gap [s]"), sheet.gaps[:_MOST_GAPS], what))
    return Panel(
        key="spells",
        title="Files, plateaus, episodes",
        says="The record falls into these parts by itself; what is held out to test on should be whole parts.",
        tables=tables,
        numbers={
            "segments": [list(span) for span in sheet.segments],
            "plateaus": [list(span) for span in parts.plateaus],
            "episodes": [
                {"start": one.start, "end": one.end, "before": one.before, "peak": one.peak} for one in parts.episodes
            ],
            "warm-up": parts.warm_up,
        },
        wide=True,
    )


def _between(time: np.ndarray | None) -> str:
    if time is None:
        return "; the rows have no time, so gaps between them cannot be seen"
    first, last = (f"{datetime.fromtimestamp(float(t), UTC):%Y-%m-%d %H:%M}" for t in (time.min(), time.max()))
    return f", {first} to {last} UTC"


def _median(values: np.ndarray) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else None
