"""The panel of findings: what to know before training."""

from __future__ import annotations

from collections.abc import Iterator

from edge.readings.last_good import HOLD
from trainer.exploring.columns import FLAT
from trainer.exploring.exploration import Exploration
from trainer.figures.units import every, percent, unit
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable

_FEW = 1000  # rows
_MISSING = 0.01
_FLAT = 0.01
_HELD = f"in the others, training holds a column's last value for at most {HOLD} rows, and leaves out what is longer"

Finding = tuple[str, str, str]
"""Where, what, and what follows from it."""


def findings_panel(found: Exploration) -> Panel:
    """List what was found, where, and what follows from it."""
    rows = list(findings(found))
    size = f"{found.record.rows:,} rows of {found.record.station.size} columns"
    return Panel(
        key="findings",
        title="What to know before training",
        caption=f"{len(rows)} finding{'' if len(rows) == 1 else 's'} in {size}."
        if rows
        else f"Nothing special in {size}.",
        tables=(HtmlTable(("where", "what", "so what"), rows),) if rows else (),
        numbers={"findings": [dict(zip(("where", "what", "so what"), row, strict=True)) for row in rows]},
        wide=True,
    )


def findings(found: Exploration) -> Iterator[Finding]:
    """Yield the findings: rows, columns, copies, gas."""
    yield from _rows(found)
    yield from _columns(found)
    for one, other in found.duplicates:
        yield other, f"equal to {one} in every row", "a copy adds nothing, and a score counts it twice: leave one out"
    yield from _gas(found)


def _rows(found: Exploration) -> Iterator[Finding]:
    record = found.record
    if record.every > 1:
        yield (
            "rows",
            f"{record.rows:,} of them",
            f"densities and correlations use {every(record.every)}; the scatters and the leak name theirs",
        )
    if record.rows < _FEW:
        yield "rows", f"only {record.rows:,}", "numbers below are rough; train on some thousand rows"
    if record.complete < record.rows:
        share = 1 - record.complete / record.rows
        yield (
            "rows",
            f"{percent(share, 1)} are incomplete",
            f"{record.complete:,} rows are complete; {_HELD}",
        )
    back = sum(lasting <= 0 for _, lasting in record.gaps)
    gaps = len(record.gaps) - back
    if gaps:
        what = f"{gaps} gap{'' if gaps == 1 else 's'}, the longest {_lasting(record.gaps[0][1])}"
        yield "time", what, "lags and running medians start again after each: readings there have a shorter past"
    if back:
        yield "time", f"goes back {back} time{'' if back == 1 else 's'}", "order the rows, or give each part as a file"
    warm_up = found.phases.warm_up
    if warm_up:
        so = "the sensors are not yet where gas and climate would put them: train on the rows after it"
        yield f"rows 0 to {warm_up:,}", "warm-up", so
    plateaus = found.phases.plateaus
    if len(plateaus) > 1:
        climate = any(feature.role == "environment" for feature in record.station.features)
        what = "a climate that it was not trained on" if climate else "levels that it was not trained on"
        so = f"a model does not know {what}: hold out whole blocks of time"
        yield ("climate" if climate else "all columns"), f"{len(plateaus)} plateaus", so


def _gases(found: Exploration) -> list[str]:
    return [feature.key for feature in found.record.station.features if feature.role == "gas"]


def _lasting(seconds: float) -> str:
    """Write a duration in the largest unit of which it lasts at least two."""
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.3g} s"


def _columns(found: Exploration) -> Iterator[Finding]:
    rows = found.record.rows
    for column in found.columns:
        if column.missing == rows:
            yield column.key, "no reading", "training refuses it: take it out of the station file"
            continue
        if column.constant:
            what = f"always {column.low:g} {unit(column.unit)}".rstrip()
            yield column.key, what, "training refuses it: take it out of the station file"
            continue
        if column.outside:
            so = "they count as missing: repair the sensor, or correct the range in the station file"
            yield column.key, f"{column.outside:,} readings beyond the physical range", so
        if column.missing - column.outside > _MISSING * rows:
            share = (column.missing - column.outside) / rows
            yield column.key, f"{percent(share, 1)} missing", "nothing is learnt of this column in these rows"
        if column.coarse(rows):
            step = f", in steps of {column.step:g} {unit(column.unit)}".rstrip() if column.step > 0 else ""
            so = "a value that stays the same does not mean a stuck sensor; densities have teeth"
            yield column.key, f"{column.distinct} different values{step}", so
        if column.flat > _FLAT and not column.coarse(rows):
            so = "a stuck sensor, or a logger that repeats its last value: leave these rows out"
            long = f"in flat stretches of {FLAT} rows or more, longest {column.longest:,}"
            what = f"{percent(column.flat, 1)} of the rows {long}"
            yield column.key, what, so


def _gas(found: Exploration) -> Iterator[Finding]:
    if found.phases.plumes > 1 and not found.phases.episodes:
        what = f"{found.phases.plumes:,} times at three times the background, and no rise stands out of the others"
        so = "the gas varies all the time, so no single onsets can be made out"
        yield ", ".join(_gases(found)), what, so
    leakage = found.split_leakage
    if leakage is not None and leakage.leaks:
        so = "neighbours are nearly equal, so a random split tests on what it was trained on: split by blocks of time"
        yield leakage.target, f"R² {leakage.shuffled:.2f} shuffled, {leakage.blocked:.2f} on blocks", so
    deaf = [one.key for one in found.responses if not one.responds]
    if deaf:
        yield (
            ", ".join(deaf),
            "no response to the gas that differs from zero",
            "what is left beside climate and drift does not follow the gas",
        )
