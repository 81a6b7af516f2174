"""The panel of the parts that a record falls into."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from edge.arrays import Floats
from trainer.data.onsets import RISE, WITHIN
from trainer.exploring.exploration import Exploration
from trainer.figures.units import unit
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable

_MOST_GAPS = 50


def phases_panel(found: Exploration) -> Panel:
    """List files, plateaus, episodes and gaps."""
    record, parts = found.record, found.phases
    environment = [j for j, feature in enumerate(record.station.features) if feature.role == "environment"]
    tables = [
        HtmlTable(
            ("file", "first row", "rows", "segments"),
            [
                (file, start, end - start, sum(start <= one < end for one, _ in record.segments))
                for file, (start, end) in zip(record.files, record.parts, strict=True)
            ],
            "Files" + _between(record.time),
        ),
        HtmlTable(
            ("plateau", "from row", "rows", *(record.station.keys[j] for j in environment)),
            [
                (number, start, end - start, *(_median(record.values[start:end, j]) for j in environment))
                for number, (start, end) in enumerate(parts.plateaus, 1)
            ],
            "Plateaus of the climate, with its medians",
        ),
    ]
    if parts.episodes and record.station.gas is not None:
        gas = unit(record.station.features[record.station.gas_index or 0].unit)
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
    if record.gaps:
        what = f"Gaps in time: {len(record.gaps)}, the longest first"
        tables.append(HtmlTable(("before row", "gap [s]"), record.gaps[:_MOST_GAPS], what))
    return Panel(
        key="spells",
        title="Files, plateaus, episodes",
        caption="The record falls into these parts by itself; hold out whole parts to test on.",
        tables=tables,
        numbers={
            "segments": [list(span) for span in record.segments],
            "plateaus": [list(span) for span in parts.plateaus],
            "episodes": [
                {"start": one.start, "end": one.end, "before": one.before, "peak": one.peak} for one in parts.episodes
            ],
            "warm-up": parts.warm_up,
        },
        wide=True,
    )


def _between(time: Floats | None) -> str:
    if time is None:
        return "; the rows have no time stamps, so gaps between them are unknown"
    first, last = (f"{datetime.fromtimestamp(float(t), UTC):%Y-%m-%d %H:%M}" for t in (time.min(), time.max()))
    return f", {first} to {last} UTC"


def _median(values: Floats) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else None
