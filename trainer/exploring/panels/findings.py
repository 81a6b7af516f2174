"""The panel of findings: what to know before training, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.exploring.columns import FLAT
from trainer.exploring.exploration import Exploration
from trainer.page import HtmlTable, Panel, every, percent, unit

_FEW = 1000  # rows
_MISSING = 0.01
_FLAT = 0.01

Finding = tuple[str, str, str]


def findings_panel(found: Exploration) -> Panel:
    """List what was found, where, and what follows from it."""
    rows = list(findings(found))
    size = f"{found.sheet.rows:,} rows of {found.sheet.station.size} columns"
    return Panel(
        key="findings",
        title="What to know before training",
        says=f"{len(rows)} finding{'' if len(rows) == 1 else 's'} in {size}."
        if rows
        else f"Nothing special in {size}.",
        tables=(HtmlTable(("where", "what", "so what"), rows),) if rows else (),
        numbers={"findings": [dict(zip(("where", "what", "so what"), row, strict=True)) for row in rows]},
        wide=True,
    )


def findings(found: Exploration) -> Iterator[Finding]:
    """Yield (where, what, so what)."""
    yield from _rows(found)
    yield from _columns(found)
    for one, other in found.duplicates:
        yield other, f"equal to {one} in every row", "a copy adds nothing, and a score counts it twice: leave one out"
    yield from _gas(found)


def _rows(found: Exploration) -> Iterator[Finding]:
    sheet = found.sheet
    if sheet.every > 1:
        yield (
            "rows",
            f"{sheet.rows:,} of them",
            f"densities and correlations look at {every(sheet.every)}; scatters and the leak say at which they do",
        )
    if sheet.rows < _FEW:
        yield "rows", f"only {sheet.rows:,}", "numbers below are rough; train on some thousand rows"
    if sheet.complete < sheet.rows:
        share = 1 - sheet.complete / sheet.rows
        yield "rows", f"{percent(share, 1)} have a hole", f"training leaves them out and keeps {sheet.complete:,} rows"
    back = sum(lasting <= 0 for _, lasting in sheet.gaps)
    gaps = len(sheet.gaps) - back
    if gaps:
        what = f"{gaps} gap{'' if gaps == 1 else 's'}, the longest {_lasting(sheet.gaps[0][1])}"
        yield "time", what, "lags and running medians begin afresh after each: a reading there has less of a past"
    if back:
        yield "time", f"goes back {back} time{'' if back == 1 else 's'}", "order the rows, or give each part as a file"
    warm_up = found.phases.warm_up
    if warm_up:
        so = "sensors are not yet where gas and climate would have them: train on what follows"
        yield f"rows 0 to {warm_up:,}", "warm-up", so
    plateaus = found.phases.plateaus
    if len(plateaus) > 1:
        so = "a climate that was not trained on is not known: hold out whole blocks of time"
        yield "climate", f"{len(plateaus)} plateaus", so


def _lasting(seconds: float) -> str:
    """Write a duration in the unit in which it is a number of some digits."""
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.3g} s"


def _columns(found: Exploration) -> Iterator[Finding]:
    rows = found.sheet.rows
    for column in found.columns:
        if column.missing == rows:
            yield column.key, "nothing is there", "training refuses it: take it out of the station file"
            continue
        if column.constant:
            what = f"always {column.low:g} {unit(column.unit)}".rstrip()
            yield column.key, what, "training refuses it: take it out of the station file"
            continue
        if column.outside:
            so = "training leaves these rows out: mend the sensor, or the range in the station file"
            yield column.key, f"{column.outside:,} readings beyond the physical range", so
        if column.missing - column.outside > _MISSING * rows:
            share = (column.missing - column.outside) / rows
            yield column.key, f"{percent(share, 1)} missing", "training leaves these rows out"
        if column.coarse(rows):
            step = f", in steps of {column.step:g} {unit(column.unit)}".rstrip() if column.step > 0 else ""
            so = "a value that stays is no stuck sensor here; densities show teeth"
            yield column.key, f"{column.distinct} different values{step}", so
        if column.flat > _FLAT and not column.coarse(rows):
            so = "a stuck sensor, or a logger that repeats its last value: leave these rows out"
            long = f"in flat stretches of {FLAT} rows or more, longest {column.longest:,}"
            what = f"{percent(column.flat, 1)} of the rows {long}"
            yield column.key, what, so


def _gas(found: Exploration) -> Iterator[Finding]:
    told = found.split_leakage
    if told is not None and told.shuffled - told.blocked > 0.05:
        so = "neighbours are nearly equal, so a random split tests what it trained on: split by blocks of time"
        yield told.target, f"R² {told.shuffled:.2f} shuffled, {told.blocked:.2f} on blocks", so
    deaf = [one.key for one in found.responses if not one.responds]
    if deaf:
        yield (
            ", ".join(deaf),
            "a response to the gas that cannot be told from none",
            "climate and drift are all it shows",
        )
