"""The panels of a station's life: bundles, budget by age, drift, alarms by label, and what each retraining changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from trainer.evaluation.ageing.tolerance import ALLOWED
from trainer.evaluation.retraining.station_life import BundleLife, StationLife
from trainer.evaluation.retraining.table import comparison_rows
from trainer.evaluation.retraining.verdict import judge
from trainer.figures.life import LifeAxis, LifeLine, draw_life_alarms, draw_life_budget, draw_life_drift
from trainer.page.panel import Panel
from trainer.page.table import Cell, HtmlTable
from trainer.scoring.false_alarm_rates import REQUESTED

_NO_DRIFT = "has no quantiles of its training: it is older, or was trained on fewer than some 2,000 readings"


def life_panels(life: StationLife) -> Iterator[Panel]:
    """Yield the panels, from the top of the page to its foot."""
    yield _bundles(life)
    yield _budget(life)
    yield _drift(life)
    yield _alarms(life)
    changed = [one for one in life.bundles if one.comparison is not None and _adopted(one) is None]
    for one in changed:
        yield _change(one, {each.bundle.id: each.name for each in life.bundles})
    if not changed:
        yield Panel(
            key="changes",
            title="What a retraining changed",
            caption="Old and new bundle on readings that neither has seen.",
            missing="no bundle here was retrained; fix: davylamp retrain OLD.csv --collected recent.csv ...",
        )


def _axis(life: StationLife) -> LifeAxis:
    edges = np.array([*(one.start for one in life.stretches), life.stretches[-1].end], dtype=np.float64)
    files: dict[str, int] = {}
    for one in life.stretches:
        files.setdefault(one.file, one.start)
    return LifeAxis(edges, list(files.items()))


def _adopted(one: BundleLife) -> dict[str, Any] | None:
    """Return what an adoption has moved; ``None``: it was none. What a retraining before changed is not its own."""
    return one.bundle.manifest.metrics.get("adopted")


def _bundles(life: StationLife) -> Panel:
    rows: list[tuple[Cell, ...]] = []
    for one in life.bundles:
        manifest = one.bundle.manifest
        fitted = f"{manifest.data.rows:,} rows of {', '.join(manifest.data.files)}"
        came = "trained" if one.comparison is None else f"retrained, beside {one.comparison.old.name}"
        if (adopted := _adopted(one)) is not None:
            came = f"adopted from {adopted['from']}, level x {adopted['factor']:.3f}"
        rows.append((one.name, one.bundle.id, manifest.created, came, fitted))
    return Panel(
        key="bundles",
        title="Bundles",
        caption=f"The bundles of {life.station.name}, the oldest first, and what each was fitted on."
        + (
            f" Their models without {life.station.gas} scored all that follows: one of the files hardly has it."
            if life.absent
            else ""
        ),
        tables=(HtmlTable(("bundle", "id", "made", "how", "fitted on"), rows, "Bundles of the station"),),
        wide=True,
    )


def _budget(life: StationLife) -> Panel:
    at = REQUESTED.index(0.01)
    plots = {}
    for score in ("consistency", "reconstruction"):
        lines = {
            one.name: LifeLine(
                np.array([c.exceeding[at] / c.readings if c.readings else np.nan for c in one.counts[score]]), one.seen
            )
            for one in life.bundles
            if score in one.counts
        }
        plots[f"{score}, 1 % requested"] = (REQUESTED[at], lines)
    return Panel(
        key="budget",
        title="False alarms by age",
        caption="Share of undisturbed readings that exceed, with thresholds as each bundle was fitted. Bold: readings "
        f"that it was not fitted on. Dotted: what was requested; shaded: more than {ALLOWED:g} times that; at the "
        "foot: none. A gateway's thresholds follow the station and hide this.",
        figure=draw_life_budget(plots, _axis(life), allowed=ALLOWED),
        alt="Share of readings that exceed over the station's life, a line for each bundle.",
        tables=(
            HtmlTable(
                ("file", "readings", "score", *(one.name for one in life.bundles)),
                list(_budget_rows(life)),
                "Share that exceeds at 1 % requested, by file; *: fitted on it, or on a part of it",
            ),
        ),
        numbers={
            "stretches": msgspec.to_builtins(life.stretches),
            "bundles": {one.name: msgspec.to_builtins(one.counts) for one in life.bundles},
        },
        wide=True,
    )


def _budget_rows(life: StationLife) -> Iterator[tuple[Cell, ...]]:
    at = REQUESTED.index(0.01)
    for name, _ in _axis(life).files:
        places = [i for i, one in enumerate(life.stretches) if one.file == name]
        readings = life.stretches[places[-1]].end - life.stretches[places[0]].start
        for score in ("consistency", "reconstruction"):
            cells = []
            for one in life.bundles:
                counts = [one.counts[score][i] for i in places] if score in one.counts else []
                total = sum(count.readings for count in counts)
                share = f"{100 * sum(count.exceeding[at] for count in counts) / total:.2f} %" if total else "–"
                cells.append(share + ("*" if any(one.seen[i] for i in places) else ""))
            yield (name or "all", f"{readings:,}", score, *cells)


def _drift(life: StationLife) -> Panel:
    title, known = "Drift", {one.name: one.drift for one in life.bundles if one.drift is not None}
    without = ", ".join(one.name for one in life.bundles if one.drift is None)
    if not known:
        return Panel(
            key="drift",
            title=title,
            caption="How far the station is from the training of its bundles.",
            missing=f"{without} {_NO_DRIFT}; fix: davylamp retrain",
        )
    by_key = dict(zip(life.station.keys, life.station.names, strict=True))
    names = [by_key.get(key, key) for key in next(iter(known.values())).names]
    rows: list[tuple[Cell, ...]] = []
    for bundle, drift in known.items():
        for column, name in enumerate(names):
            of = np.nan_to_num(drift.shares[:, column])
            worst = int(np.argmax(of))
            rows.append((bundle, name, float(drift.shares[-1, column]), float(of[worst]), life.stretches[worst].file))
    stands = ", ".join(f"beside {bundle} in {sum(drift.stands)}" for bundle, drift in known.items())
    return Panel(
        key="drift",
        title=title,
        caption="How far the station is from the training of each bundle, by the measure that a gateway publishes as "
        "drift: what each column says beyond what the others say, and the reconstruction error. A dot: more than "
        f"raises the alarm retrain, which would stand {stands} of {len(life.stretches)} stretches."
        + (f" {without} {_NO_DRIFT}." if without else ""),
        figure=draw_life_drift({name: drift.shares for name, drift in known.items()}, names, _axis(life)),
        alt="Distance of every column from the training of each bundle over the station's life; numbers in the table.",
        tables=(
            HtmlTable(
                ("bundle", "column", "now", "farthest", "in"), rows, "As a share of what raises the alarm retrain"
            ),
        ),
        numbers={
            "columns": list(next(iter(known.values())).names),
            "bundles": {name: {"shares": drift.shares, "stands": drift.stands} for name, drift in known.items()},
        },
        wide=True,
    )


def _alarms(life: StationLife) -> Panel:
    if not life.alarms:
        return Panel(
            key="alarms",
            title="Alarms by label",
            caption="What people said the alarms were.",
            missing="no file has alarms beside it; fix: davylamp collect writes them as NAME.alarms.csv",
        )
    periods = _periods(life)
    labels = list(dict.fromkeys(sorted(one.label for one in life.alarms)))
    files = [
        next((name for name, since, until in periods if since <= one.opened <= until), None) for one in life.alarms
    ]
    counts = {
        label: [
            sum(one.label == label and file == name for one, file in zip(life.alarms, files, strict=True))
            for name, *_ in periods
        ]
        for label in labels
    }
    outside = files.count(None) if periods else 0
    rows: list[tuple[Cell, ...]] = []
    for label in labels:
        mine = [one for one in life.alarms if one.label == label]
        stood = [one.duration for one in mine if one.duration is not None]
        kinds = ", ".join(sorted({one.kind for one in mine}))
        culprits = ", ".join(sorted({one.culprit for one in mine if one.culprit}))
        rows.append((label, len(mine), kinds, float(np.median(stood)) / 60 if stood else None, culprits))
    return Panel(
        key="alarms",
        title="Alarms by label",
        caption=f"{len(life.alarms)} alarms, by the file in whose time they opened, and what people said they were."
        + (f" {outside} of them opened in the time of no file, and are in the table alone." if outside else ""),
        figure=draw_life_alarms(counts, [name for name, *_ in periods]) if periods else None,
        alt="Number of alarms of each label by file." if periods else "",
        tables=(HtmlTable(("label", "alarms", "kinds", "median duration [min]", "culprits"), rows, "Alarms by label"),),
        numbers={"alarms": msgspec.to_builtins(life.alarms)},
        wide=True,
    )


def _periods(life: StationLife) -> list[tuple[str, float, float]]:
    """Return each file with its first and last time; none if times are unknown."""
    found: dict[str, tuple[float, float]] = {}
    for one in life.stretches:
        if one.since is None or one.until is None:
            return []
        since, until = found.get(one.file, (one.since, one.until))
        found[one.file] = min(since, one.since), max(until, one.until)
    return [(name, since, until) for name, (since, until) in found.items()]


def _change(one: BundleLife, names: Mapping[str, str]) -> Panel:
    comparison = one.comparison
    assert comparison is not None
    verdict = judge(comparison)
    rows: list[tuple[Cell, ...]] = [(name, *cells) for name, cells in comparison_rows(comparison)]
    return Panel(
        key=f"change-{one.bundle.id}",
        title=f"What the retraining of {one.name} changed",
        caption=f"Both bundles on {comparison.where}. {verdict.sentence[0].upper()}{verdict.sentence[1:]}.",
        tables=(
            HtmlTable(
                ("measured", names.get(comparison.old.name, f"old {comparison.old.name}"), one.name),
                rows,
                "Thresholds as fitted, in brackets where they follow",
            ),
        ),
        numbers=msgspec.to_builtins(comparison),
        wide=True,
    )
