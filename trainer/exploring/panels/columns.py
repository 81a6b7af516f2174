"""The panel of columns."""

from __future__ import annotations

from dataclasses import asdict

from trainer.exploring.columns import FLAT, Column
from trainer.exploring.exploration import Exploration
from trainer.figures.units import unit
from trainer.page.panel import Panel
from trainer.page.table import Cell, HtmlTable

_HEADS = (
    "column", "unit", "missing", "missing %", "out of range", "least", "median", "most", "different", "step",
    "longest flat", "flat %",
)  # fmt: skip


def columns_panel(found: Exploration) -> Panel:
    """List every column with what is missing, how fine it is and where it stands still."""
    rows = found.record.rows
    return Panel(
        key="columns",
        title="Columns",
        caption="Missing and out-of-range readings, the number of different values, and the longest flat stretch. "
        + _copies(len(found.duplicates)),
        tables=(
            HtmlTable(
                _HEADS,
                [_cells(one, rows) for one in found.columns],
                f"Step: distance between values that lie on a grid. Flat: {FLAT} rows or more of the same value.",
            ),
        ),
        numbers={one.key: asdict(one) for one in found.columns},
        wide=True,
    )


def _copies(count: int) -> str:
    if not count:
        return "No column is a copy of another."
    return "1 is a copy of another." if count == 1 else f"{count} are copies of others."


def _cells(one: Column, rows: int) -> tuple[Cell, ...]:
    missing = one.missing - one.outside
    return (
        one.key, unit(one.unit), missing, round(100 * missing / rows, 2), one.outside, one.low, one.median, one.high,
        one.distinct, one.step, one.longest, round(100 * one.flat, 2),
    )  # fmt: skip
