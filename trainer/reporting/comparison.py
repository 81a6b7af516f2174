"""Comparison: runs side by side, what differs in how they were made and in what they reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trainer.evaluation.detection.results import CONSISTENCY
from trainer.figures.ticks import few_ticks
from trainer.page import CYCLE, GREY, Check, HtmlTable, Panel, figure
from trainer.reporting.acceptance import ABOUT, acceptance
from trainer.reporting.densities import distance
from trainer.reporting.display_names import NETWORKS
from trainer.reporting.run_results import RunResults

_ACROSS = 4  # names in a row of a legend
_APART = 0.16  # of the distance between two rows


def comparison(subjects: Sequence[RunResults]) -> Iterator[Panel]:
    """Yield the panels of several runs."""
    colours = {subject.name: CYCLE[i % len(CYCLE)] for i, subject in enumerate(subjects)}
    yield _numbers(subjects)
    yield _settings(subjects)
    yield _losses(subjects, colours)
    portrayed = [subject for subject in subjects if subject.portrait is not None]
    if len(portrayed) > 1:
        yield _explained(portrayed, colours)
        yield _densities(portrayed, colours)
    detecting = [subject for subject in subjects if subject.detection is not None]
    if len(detecting) > 1:
        yield _families(detecting, colours)
    lacking = [sentence for subject in subjects for sentence in subject.missing.values()]
    if lacking:
        yield Panel(
            key="missing",
            title="Not compared",
            says="What a run lacks cannot be compared.",
            tables=(HtmlTable(("why",), [(sentence,) for sentence in lacking], "What is missing, and what makes it"),),
        )


def _numbers(subjects: Sequence[RunResults]) -> Panel:
    boxes = {
        subject.name: {(line.name, line.wanted): line for line in acceptance(subject).rows if line.met is not None}
        for subject in subjects
    }
    splits: dict[tuple[str, str], dict[str, None]] = {}
    for box in boxes.values():
        for key, line in box.items():
            splits.setdefault(key, {})[line.split] = None
    rows = [(*key, *(_told(box.get(key)) for box in boxes.values()), " / ".join(of)) for key, of in splits.items()]
    short = {name: sum(line.met is False for line in box.values()) for name, box in boxes.items()}
    return Panel(
        key="numbers",
        title="The numbers that matter",
        says="Short of what is wanted: "
        + ", ".join(f"{name} {count}" for name, count in short.items())
        + f". {ABOUT}"
        + _caution(subjects),
        tables=(HtmlTable(("number", "wanted", *boxes, "split"), rows, "Each number by run; a cross: falls short"),),
        wide=True,
    )


def _told(line: Check | None) -> str:
    return "–" if line is None else f"{line.got}\N{NO-BREAK SPACE}{'✓' if line.met else '✗'}"


def _caution(subjects: Sequence[RunResults]) -> str:
    """Say which runs cannot be held against which; nothing where all are of the same rows."""
    runs: dict[str, list[RunResults]] = {}
    for subject in subjects:
        runs.setdefault(subject.run.data.sha256, []).append(subject)
    if len(runs) < 2:
        return ""
    of = "; ".join(
        f"{', '.join(subject.name for subject in alike)} of {', '.join(alike[0].run.data.files)}"
        for alike in runs.values()
    )
    return f" Different data ({of}): hold a run against what is wanted, not against one of other rows."


def _settings(subjects: Sequence[RunResults]) -> Panel:
    facts = {subject.name: _facts(subject) for subject in subjects}
    names = dict.fromkeys(name for of in facts.values() for name in of)
    values = {name: [of.get(name, "–") for of in facts.values()] for name in names}
    differ = [(name, *row) for name, row in values.items() if len(set(row)) > 1]
    return Panel(
        key="settings",
        title="What differs",
        says="Settings, data and versions in which the runs differ; all others are equal."
        if differ
        else "Nothing: the runs were made alike.",
        tables=(HtmlTable(("setting", *facts), differ, "Differences"),) if differ else (),
        wide=True,
    )


def _facts(subject: RunResults) -> dict[str, str]:
    run = subject.run
    return (
        {"files": ", ".join(run.data.files), "rows": f"{run.data.rows:,}", "data SHA-256": run.data.sha256[:12]}
        | {name: str(value) for name, value in msgspec.to_builtins(run.settings).items()}
        | {f"{name}, version": version for name, version in run.versions.items()}
        | {"training [s]": f"{run.metrics['seconds']:.0f}", "station": run.station.name}
    )


def _losses(subjects: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    names = dict.fromkeys(name for subject in subjects for name in subject.losses)
    picture = figure(3.3 * len(names), 3.0)
    for axes, name in zip(picture.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        curves = {subject.name: subject.losses[name] for subject in subjects if name in subject.losses}
        for run, of in curves.items():
            epochs = range(1, len(of["validation"]) + 1)
            axes.plot(epochs, of["validation"], color=colours[run], label=run)
            axes.plot(of["chosen"], of["validation"][of["chosen"] - 1], "o", color=colours[run], markersize=5)
        positive = min(min(of["validation"]) for of in curves.values()) > 0
        axes.set(title=NETWORKS.get(name, name), xlabel="epoch", yscale="log" if positive else "linear")
        if positive:
            few_ticks(axes.yaxis)
    _legend(picture, colours)
    return Panel(
        key="losses",
        title="Validation loss",
        says="The dot is the epoch whose weights were kept. Equal curves hide one another; losses of other settings or "
        "data need not be comparable.",
        figure=picture,
        alt="Validation loss by epoch, network and run.",
        numbers={subject.name: subject.losses for subject in subjects},
        wide=True,
    )


def _explained(subjects: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    found = {
        subject.name: {
            mirror.axis.key: mirror.explained["test"] for mirror in subject.portrait.networks["scorer"].mirrors
        }
        for subject in subjects
        if subject.portrait is not None
    }
    return _dots(
        found,
        colours,
        key="reconstruction",
        title="Reconstruction per channel",
        says="Share of the held-out variance that the scorer's network gives back; right is closer."
        + _caution(subjects),
    )


def _families(subjects: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    found = {}
    for subject in subjects:
        if subject.detection is not None:
            families = dict.fromkeys(subject.detection.families.values())
            mean = subject.detection.mean
            means = {str(one): mean(CONSISTENCY, "recall_at_1pct", families=[one]) for one in families}
            found[subject.name] = {name: value for name, value in means.items() if not np.isnan(value)}
    return _dots(
        found,
        colours,
        key="families",
        title="What is found, by family of faults",
        says="Share of fault rows that the consistency finds at 1 % false alarms; right is better."
        + _caution(subjects),
    )


def _dots(
    found: Mapping[str, Mapping[str, float]], colours: Mapping[str, str], *, key: str, title: str, says: str
) -> Panel:
    places = list(dict.fromkeys(name for of in found.values() for name in of))
    picture = figure(5.0, 0.32 * len(places) + 1.1)
    axes = picture.subplots()
    for place, name in enumerate(places):
        values = [of[name] for of in found.values() if name in of]
        axes.plot([min(values), max(values)], [place, place], color=GREY, linewidth=1.0, zorder=1)
        for number, (run, of) in enumerate(found.items()):
            if name in of:  # equal ones must not hide one another
                beside = place + _APART * (number - (len(found) - 1) / 2)
                axes.plot(of[name], beside, "o", color=colours[run], markersize=5)
    axes.set_yticks(range(len(places)), places)
    axes.invert_yaxis()
    _legend(picture, {run: colours[run] for run in found})
    return Panel(key=key, title=title, says=says, figure=picture, alt=f"{title}, by run.", numbers=found)


def _densities(subjects: Sequence[RunResults], colours: Mapping[str, str]) -> Panel:
    """Draw how far generated rows lie from training rows, column by column."""
    found = {
        subject.name: distance(subject.portrait.rows, "train", "generated")
        for subject in subjects
        if subject.portrait is not None
    }
    return _dots(
        found,
        colours,
        key="generated",
        title="Generated rows: distance of densities",
        says="Kolmogorov-Smirnov distance of the generated to the training rows, column by column; left is nearer."
        + _caution(subjects),
    )


def _legend(picture: Figure, colours: Mapping[str, str]) -> None:
    handles = [Line2D([], [], color=colour, linewidth=3.0, label=run) for run, colour in colours.items()]
    picture.legend(handles=handles, loc="outside lower left", ncols=min(len(handles), _ACROSS))
