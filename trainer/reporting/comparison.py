"""Runs side by side: what differs in how they were made and in what they reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from trainer.evaluation.detection.results import CONSISTENCY
from trainer.figures.colours import CYCLE
from trainer.figures.dots import compare_dots
from trainer.figures.losses import compare_losses
from trainer.page.checklist import Check
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable
from trainer.reporting.acceptance import ABOUT, acceptance
from trainer.reporting.densities import ks_distances
from trainer.reporting.display_names import NETWORKS
from trainer.reporting.run_results import RunResults


def comparison(runs: Sequence[RunResults]) -> Iterator[Panel]:
    """Yield the panels of several runs."""
    colours = {one.name: CYCLE[i % len(CYCLE)] for i, one in enumerate(runs)}
    yield _numbers(runs)
    yield _settings(runs)
    yield _losses(runs, colours)
    described = [one for one in runs if one.statistics is not None]
    if len(described) > 1:
        yield _reconstruction(described, colours)
        yield _densities(described, colours)
    detecting = [one for one in runs if one.detection is not None]
    if len(detecting) > 1:
        yield _families(detecting, colours)
    missing = [reason for one in runs for reason in one.missing.values()]
    if missing:
        yield Panel(
            key="missing",
            title="Not compared",
            caption="What a run lacks cannot be compared.",
            tables=(HtmlTable(("why",), [(reason,) for reason in missing], "What is missing, and what makes it"),),
        )


def _numbers(runs: Sequence[RunResults]) -> Panel:
    checks = {
        one.name: {(row.name, row.wanted): row for row in acceptance(one).rows if row.met is not None} for one in runs
    }
    splits: dict[tuple[str, str], dict[str, None]] = {}
    for own in checks.values():
        for key, row in own.items():
            splits.setdefault(key, {})[row.split] = None
    rows = [(*key, *(_got(own.get(key)) for own in checks.values()), " / ".join(of)) for key, of in splits.items()]
    short = {name: sum(row.met is False for row in own.values()) for name, own in checks.items()}
    return Panel(
        key="numbers",
        title="The numbers that matter",
        caption="Short of what is wanted: "
        + ", ".join(f"{name} {count}" for name, count in short.items())
        + f". {ABOUT}"
        + _caution(runs),
        tables=(HtmlTable(("number", "wanted", *checks, "split"), rows, "Each number by run; a cross: falls short"),),
        wide=True,
    )


def _got(check: Check | None) -> str:
    return "–" if check is None else f"{check.got}\N{NO-BREAK SPACE}{'✓' if check.met else '✗'}"


def _caution(runs: Sequence[RunResults]) -> str:
    """Say which runs must not be compared with which; empty if all are of the same rows."""
    by_data: dict[str, list[RunResults]] = {}
    for one in runs:
        by_data.setdefault(one.run.data.sha256, []).append(one)
    if len(by_data) < 2:
        return ""
    of = "; ".join(
        f"{', '.join(one.name for one in alike)} of {', '.join(alike[0].run.data.files)}" for alike in by_data.values()
    )
    return f" Different data ({of}): compare a run with what is wanted, not with a run of other rows."


def _settings(runs: Sequence[RunResults]) -> Panel:
    facts = {one.name: _facts(one) for one in runs}
    names = dict.fromkeys(name for of in facts.values() for name in of)
    values = {name: [of.get(name, "–") for of in facts.values()] for name in names}
    differ = [(name, *row) for name, row in values.items() if len(set(row)) > 1]
    return Panel(
        key="settings",
        title="What differs",
        caption="Settings, data and versions in which the runs differ; all others are equal."
        if differ
        else "Nothing: the runs were made alike.",
        tables=(HtmlTable(("setting", *facts), differ, "Differences"),) if differ else (),
        wide=True,
    )


def _facts(results: RunResults) -> dict[str, str]:
    run = results.run
    return (
        {"files": ", ".join(run.data.files), "rows": f"{run.data.rows:,}", "data SHA-256": run.data.sha256[:12]}
        | {name: str(value) for name, value in msgspec.to_builtins(run.settings).items()}
        | {f"{name}, version": version for name, version in run.versions.items()}
        | {"training [s]": f"{run.metrics['seconds']:.0f}", "station": run.station.name}
    )


def _losses(runs: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    losses = {one.name: one.losses for one in runs}
    return Panel(
        key="losses",
        title="Validation loss",
        caption="The dot is the epoch whose weights were kept. Equal curves hide one another; losses of other settings "
        "or data need not be comparable.",
        figure=compare_losses(losses, colours, NETWORKS),
        alt="Validation loss by epoch, network and run.",
        numbers=losses,
        wide=True,
    )


def _reconstruction(runs: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    found = {
        one.name: {
            channel.axis.key: channel.explained["test"] for channel in one.statistics.networks["scorer"].channels
        }
        for one in runs
        if one.statistics is not None
    }
    return _dots(
        found,
        colours,
        key="reconstruction",
        title="Reconstruction per channel",
        caption="Share of the held-out variance that the scorer's network gives back; right is closer."
        + _caution(runs),
    )


def _families(runs: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    found = {}
    for one in runs:
        if one.detection is not None:
            mean = one.detection.mean
            families = dict.fromkeys(one.detection.families.values())
            means = {str(family): mean(CONSISTENCY, "recall_at_1pct", families=[family]) for family in families}
            found[one.name] = {family: value for family, value in means.items() if not np.isnan(value)}
    return _dots(
        found,
        colours,
        key="families",
        title="What is found, by family of faults",
        caption="Share of fault rows that the consistency finds at 1 % false alarms; right is better." + _caution(runs),
    )


def _densities(runs: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    """Show how far generated rows lie from training rows, column by column."""
    found = {
        one.name: ks_distances(one.statistics.rows, "train", "generated") for one in runs if one.statistics is not None
    }
    return _dots(
        found,
        colours,
        key="generated",
        title="Generated rows: distance of densities",
        caption="Kolmogorov-Smirnov distance of generated and training rows, column by column; left is nearer."
        + _caution(runs),
    )


def _dots(
    found: Mapping[str, Mapping[str, float]], colours: Mapping[str, str], *, key: str, title: str, caption: str
) -> Panel:
    figure = compare_dots(found, colours)
    return Panel(key=key, title=title, caption=caption, figure=figure, alt=f"{title}, by run.", numbers=found)
