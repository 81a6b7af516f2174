"""The panel of the parts that a record falls into."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from edge.arrays import Floats
from trainer.data.onsets import RISE, rise_rows
from trainer.exploring.exploration import Exploration
from trainer.exploring.raw_record import RawRecord
from trainer.figures.units import decimals, unit
from trainer.page.panel import Panel
from trainer.page.table import Cell, HtmlTable

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
            "Plateaus of the climate, with its medians" if environment else "Plateaus of all columns together",
        ),
    ]
    if parts.episodes:
        tables.append(_episodes(found))
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
                {
                    "gas": record.station.keys[one.column],
                    "start": one.start,
                    "end": one.end,
                    "before": one.before,
                    "peak": one.peak,
                }
                for one in parts.episodes
            ],
            "warm-up": parts.warm_up,
        },
        wide=True,
    )


def _episodes(found: Exploration) -> HtmlTable:
    record, several = found.record, _gases(found.record) > 1
    digits = {one.column: decimals(record.values[:, one.column]) for one in found.phases.episodes}
    units = {column: unit(record.station.features[column].unit) for column in digits}
    one_unit = f" [{next(iter(units.values()))}]" if len(set(units.values())) == 1 and any(units.values()) else ""
    rows: list[tuple[Cell, ...]] = []
    for number, one in enumerate(found.phases.episodes, 1):
        levels = [round(level, digits[one.column]) for level in (one.before, one.peak)]
        of = (record.station.keys[one.column],) if several else ()
        rows.append((number, *of, one.start, one.end - one.start, *levels))
    return HtmlTable(
        ("episode", *(("gas",) if several else ()), "onset", "rows", f"before{one_unit}", f"peak{one_unit}"),
        rows,
        f"Episodes of {'each gas' if several else 'the gas'}, until it is back near its background or the next one "
        f"begins. Within {_within(record.cadence)} it has to rise by {RISE:g} backgrounds and by far more than it "
        "usually does in this record: smaller plumes are not counted.",
    )


def _gases(record: RawRecord) -> int:
    return sum(feature.role == "gas" for feature in record.station.features)


def _within(cadence: float | None) -> str:
    rows = rise_rows(cadence)
    return f"{rows} row{'' if rows == 1 else 's'}"


def _between(time: Floats | None) -> str:
    if time is None:
        return "; the rows have no time stamps, so gaps between them are unknown"
    first, last = (f"{datetime.fromtimestamp(float(t), UTC):%Y-%m-%d %H:%M}" for t in (time.min(), time.max()))
    return f", {first} to {last} UTC"


def _median(values: Floats) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else None
