"""Prints an evaluation as tables: what each detector finds, at which false-alarm rate, and which goals are met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from trainer.evaluation.ageing.table import ageing_lines
from trainer.evaluation.detection.faults import Family
from trainer.evaluation.detection.folds import SplitName
from trainer.evaluation.detection.goals import goals
from trainer.evaluation.detection.results import CONSISTENCY, RECONSTRUCTION, Evaluation, Measure, Mode, Spacing
from trainer.evaluation.goal import goal_lines
from trainer.evaluation.text_table import text_table

_MEASURES: tuple[Measure, ...] = ("auroc", "recall_at_1pct", "recall_at_01pct")
_KINDS: tuple[tuple[Spacing, Mode, float], ...] = (
    ("sparse", "static", 0.001),
    ("sparse", "adaptive", 0.001),
    ("sparse", "static", 0.01),
    ("sparse", "adaptive", 0.01),
    ("dense", "static", 0.001),
)


def print_evaluation(evaluation: Evaluation, out: TextIO) -> None:
    """Print all tables, and last whether each goal is met.

    Parameters
    ----------
    evaluation
        What was measured.
    out
        Where to print.
    """
    for table in (_families, _splits, _sizes, _rates, _ageing, _events, _without_gas, _labelled, _goals):
        lines = list(table(evaluation))
        if len(lines) > 2:  # more than a heading
            out.write("\n".join(lines) + "\n\n")
    for note in _notes(evaluation):
        out.write(f"{note}\n")


def _notes(evaluation: Evaluation) -> Iterator[str]:
    """Yield what could not be measured; what applies to some folds names them."""
    yield from evaluation.notes
    for note in dict.fromkeys(note for fold in evaluation.folds for note in fold.notes):
        folds = [f"{fold.station}, {fold.split}" for fold in evaluation.folds if note in fold.notes]
        yield note if len(folds) == len(evaluation.folds) else f"{'; '.join(folds)}: {note}"


def _families(evaluation: Evaluation) -> Iterator[str]:
    families = dict.fromkeys(
        evaluation.families[case] for fold in evaluation.folds for of in fold.cases.values() for case in of
    )
    yield f"AUROC by family of faults, mean over {', '.join(evaluation.splits)} and {_stations(evaluation)}"
    yield from text_table(
        ["mean", *families],
        {
            name: [
                _three(evaluation.mean(name)),
                *(_three(evaluation.mean(name, families=[family])) for family in families),
            ]
            for name in evaluation.detectors
        },
    )


def _splits(evaluation: Evaluation) -> Iterator[str]:
    splits = evaluation.splits
    yield "By split: AUROC, and rows found at the 99 and 99.9 % quantile of undisturbed rows (r1, r01)"
    yield from text_table(
        [f"{split}{measure}" for split in splits for measure in ("", " r1", " r01")],
        {
            name: [_three(evaluation.mean(name, measure, split=split)) for split in splits for measure in _MEASURES]
            for name in evaluation.detectors
        },
    )


def _sizes(evaluation: Evaluation) -> Iterator[str]:
    ours = [name for name in (CONSISTENCY, *RECONSTRUCTION.values()) if name in evaluation.detectors]
    yield "AUROC by case"
    measured = {case for fold in evaluation.folds for case in fold.cases[CONSISTENCY]}
    yield from text_table(
        ours,
        {
            case: [_three(evaluation.mean(name, case=case)) for name in ours]
            for case in evaluation.families
            if case in measured
        },
    )


def _rates(evaluation: Evaluation) -> Iterator[str]:
    splits = evaluation.splits
    rates = [(fold.split, rate) for fold in evaluation.folds for rate in fold.rates]
    requested = dict.fromkeys(rate.requested for _, rate in rates)
    yield "Undisturbed rows that exceed [%], worst station, at a requested rate"
    lines = {}
    for name, mode in dict.fromkeys((rate.detector, rate.mode) for _, rate in rates):
        wanted = [(split, name, mode, one) for one in requested for split in splits]
        found = [[r.realised for at, r in rates if (at, r.detector, r.mode, r.requested) == key] for key in wanted]
        lines[f"{name}, {mode}"] = [f"{100 * max(realised):.2f}" if realised else "-" for realised in found]
    yield from text_table([f"{_percent(one)} {split}" for one in requested for split in splits], lines)
    readings = {split: sum(fold.readings for fold in evaluation.folds_of(split)) for split in splits}
    alarms = {split: sum(fold.alarms for fold in evaluation.folds_of(split)) for split in splits}
    by_split = ", ".join(f"{split} {1000 * alarms[split] / readings[split]:.2f}" for split in splits)
    yield f"Alarms that an operator sees in 1000 undisturbed readings, default settings: {by_split}"


def _ageing(evaluation: Evaluation) -> Iterator[str]:
    for station, ageing in evaluation.ageing.items():
        yield f"{station}, false alarms by age"
        yield from ageing_lines(ageing)


def _events(evaluation: Evaluation) -> Iterator[str]:
    counted = {evaluation.families[one.case] for fold in evaluation.folds for one in fold.events}
    families = [family for family in dict.fromkeys(evaluation.families.values()) if family in counted]
    if not families:
        return
    yield "Events that the consistency finds [%] at a requested rate, one in 500 rows, or one after the other (dense)"
    names = {kind: f"{kind[0]}, {kind[1]}, {_percent(kind[2])}" for kind in _KINDS}
    yield from text_table(
        ["mean", *evaluation.splits],
        {
            name: [_hundred(_found(evaluation, *kind, split=split)) for split in (None, *evaluation.splits)]
            for kind, name in names.items()
        },
    )
    yield from text_table(
        families,
        {
            name: [_hundred(_found(evaluation, *kind, family=family)) for family in families]
            for kind, name in names.items()
        },
    )
    found = [
        one
        for fold in evaluation.folds
        for one in fold.events
        if (one.spacing, one.mode, one.requested) == _KINDS[0] and one.named is not None
    ]
    if any(one.found for one in found):
        named = sum(one.named or 0 for one in found) / sum(one.found for one in found)
        yield f"The channel at fault is named in {100 * named:.0f} % of those found (sparse, static, 0.1 %)"


def _found(
    evaluation: Evaluation,
    spacing: Spacing = "sparse",
    mode: Mode = "static",
    requested: float = 0.001,
    *,
    split: SplitName | None = None,
    family: Family | None = None,
) -> list[float]:
    """Return the mean share of the events found of each family."""
    shares: dict[Family, list[float]] = {}
    for fold in evaluation.folds_of(split):
        for one in fold.events:
            at = evaluation.families[one.case]
            if (one.spacing, one.mode, one.requested) == (spacing, mode, requested) and family in (None, at):
                shares.setdefault(at, []).append(one.found / one.total)
    return [float(np.mean(values)) for values in shares.values()]


def _without_gas(evaluation: Evaluation) -> Iterator[str]:
    rows = [one for fold in evaluation.folds for one in fold.without_gas if one.onsets]
    requested = dict.fromkeys(one.requested for one in rows)
    yield "Methane withheld: plumes against background, onsets found, background rows that exceed [%] (mean, worst)"
    lines = {}
    for name in dict.fromkeys(one.detector for one in rows):
        own = [one for one in rows if one.detector == name]
        cells = [_three(float(np.mean([one.auroc for one in own])))]
        for rate in requested:
            at = [one for one in own if one.requested == rate]
            found, onsets = sum(one.found for one in at), sum(one.onsets for one in at)
            realised = [100 * one.realised for one in at]
            cells += [f"{found}/{onsets}", f"{np.mean(realised):.2f}", f"{max(realised):.2f}"]
        lines[name] = cells
    heads = [f"{what} {_percent(rate)}" for rate in requested for what in ("found", "mean", "worst")]
    yield from text_table(["AUROC", *heads], lines)


def _labelled(evaluation: Evaluation) -> Iterator[str]:
    cases = evaluation.labelled
    found = {label: [bool(case.found_by) for case in cases if case.label == label] for label in ("plume", "fault")}
    counts = ", ".join(f"{sum(each)} of {len(each)} {label}s found" for label, each in found.items() if each)
    yield f"Labelled by people, left out of the fit, at 1 in 1000 with alarms as by default: {counts}"
    yield from text_table(
        ["rows", "consistency", "reconstruction", "exceed [%]", "found by"],
        {
            f"{case.file} {case.first_line}-{case.last_line} {case.label}": [
                str(case.rows),
                f"{case.consistency:.2f}",
                f"{case.reconstruction:.2f}",
                f"{100 * case.exceeding:.1f}",
                ", ".join(case.found_by) or "nothing",
            ]
            for case in cases
        },
    )


def _goals(evaluation: Evaluation) -> Iterator[str]:
    yield from goal_lines(goals(evaluation))


def _stations(evaluation: Evaluation) -> str:
    count = len({fold.station for fold in evaluation.folds})
    return f"{count} station{'s' if count > 1 else ''}"


def _three(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _percent(rate: float) -> str:
    return f"{100 * rate:g}%"


def _hundred(shares: Sequence[float]) -> str:
    return f"{100 * float(np.mean(shares)):.1f}" if shares else "-"
