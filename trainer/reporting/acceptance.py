"""Every number that a bundle is trusted for, what it should be, and on which split it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.bundles.manifest import measured_fit
from trainer.evaluation.ageing.results import JUDGED, YEAR, Ageing
from trainer.evaluation.ageing.tolerance import ALLOWED
from trainer.evaluation.ageing.verdict import days_text, distance, seasons_sentence, unfitted, whole_year, worst_stretch
from trainer.evaluation.detection.goals import BY_CASE, BY_FAMILY, BY_SPLIT, REALISED, goals
from trainer.evaluation.goal import Goal
from trainer.evaluation.synthesis.goals import KS, synthesis_goals
from trainer.evaluation.synthesis.results import SynthesisEvaluation
from trainer.page.checklist import Check, Checklist
from trainer.reporting.ageing_panel import TITLES
from trainer.reporting.display_names import NETWORKS, SENSES, SPLITS
from trainer.reporting.run_results import RunResults
from trainer.scoring.onset import onset_refused

ABOUT = (
    "What is wanted was set on the reference record, one climate chamber. Detection and synthesis are judged on "
    "networks that evaluate fits with a run's settings to the training rows of each split."
)
"""What applies to every number."""
_HELD_OUT = "held-out blocks of every split"
_BLOCKS, _RANDOM = "held-out blocks", "held out at random"
_ON_BLOCKS = ("regression on other blocks, of real", "RMSE with few real rows, of real alone")
_GROUPS = {
    "faults: AUROC of every family": tuple(f"AUROC, {name}" for name in (*BY_FAMILY, *BY_CASE)),
    "faults: recall on every split": ("recall at the 99 % quantile",),
    "faults: all events found": ("found at",),
}


def acceptance(results: RunResults) -> Checklist:
    """Compare a run with the goals.

    Goals of one kind share one line; those that fall short have lines of their own, and come first. What was not
    measured has a line, too.
    """
    rows = [*_ageing(results.ageing), *_training(results.run.metrics)]
    if results.detection is None:
        rows.append(Check("detection", "not measured", "davylamp evaluate", None, _HELD_OUT))
    else:
        rows += _marked(_grouped(goals(results.detection)), results.detection.quick)
    if results.synthesis is None:
        rows.append(Check("synthesis", "not measured", "davylamp evaluate --synthesis", None, _RANDOM))
    else:
        rows += _marked(_boards(results.synthesis), results.synthesis.quick)
    about = f"{ABOUT} Figures of the training itself were measured on {measured_fit(results.run.metrics)}."
    return Checklist(sorted(rows, key=lambda row: row.met is not False), about=about)


def _marked(checks: Iterable[Check], quick: bool) -> Iterator[Check]:
    """Mark checks of a quick evaluation: they may fall short, or pass, for want of training and cases."""
    for check in checks:
        yield replace(check, split=f"{check.split}; --quick") if quick else check


def _training(metrics: Mapping[str, Any]) -> Iterator[Check]:
    """Yield what the training itself measured; each scorer's worse rate of the scores that its bundle has."""
    goal = Goal("", metrics["generator"]["ks_train"], KS, "<=")
    yield _check("generated rows: mean KS", goal, f"training rows; {SPLITS[metrics['split']]}")
    for name, scorer in metrics["scorers"].items():
        for realised in scorer["realised"]:
            wanted = REALISED.get(("static", realised["requested"]))
            kinds = ("consistency",) if onset_refused(scorer) else ("consistency", "onset")
            rates = [realised[kind] for kind in kinds if realised[kind] is not None]
            if wanted is not None and rates:
                title = f"{NETWORKS.get(name, name)}: realised for {realised['requested']:g}"
                split = f"test blocks, {metrics['rows']['test']:,} rows"
                yield _check(title, Goal("", max(rates), wanted, "<="), split)


def _ageing(ageing: Ageing | None) -> Iterator[Check]:
    """Yield whether the budget held from past to future, and whether every season was seen.

    What keeps the budget shares one line; what breaks it has lines of its own. Thresholds that follow do not count.
    """
    wanted = f"{SENSES['<=']} {ALLOWED:g} x requested"
    if ageing is None or not ageing.steps:
        reason = "; ".join(ageing.notes) if ageing is not None else "davylamp train again"
        yield Check("past to future: false-alarm budget", "not measured", wanted, None, reason)
    else:
        budgets = [
            (direction, score, requested, kept)
            for direction in ageing.directions
            for score in JUDGED
            for requested in ageing.requested
            if (kept := ageing.keeps(direction, score, requested)) is not None
        ]
        met = sum(kept for *_, kept in budgets)
        yield Check(
            "past to future, and back: false-alarm budget",
            f"{met} of {len(budgets)} kept",
            "all",
            met == len(budgets),
            f"parts that were not trained on; worst of {len(ageing.steps)} fits",
        )
        for direction, score, requested, kept in budgets:
            worst = worst_stretch(ageing, direction, score, requested)
            if not kept and worst is not None:
                name = f"{TITLES[direction]}: {score} for {100 * requested:g} %"
                where = f"worst stretch, {distance(direction, worst)}"
                yield Check(
                    name, f"{100 * worst.share:.3g} %", f"{SENSES['<=']} {100 * ALLOWED * requested:g} %", False, where
                )
        for note in unfitted(ageing):
            yield Check("past to future: a fit", "not measured", "every fit", None, note)
    if ageing is not None:
        met_year = True if whole_year(ageing) else None
        days = "unknown" if ageing.days is None else days_text(ageing.days)
        yield Check("seasons seen", days, f"{SENSES['>=']} {YEAR:g} days", met_year, seasons_sentence(ageing))


def _grouped(found: Sequence[Goal]) -> Iterator[Check]:
    groups: dict[str, list[Check]] = {}
    about = ""
    for goal in found:
        own = goal.name.strip()
        if own == goal.name:  # an indented name belongs to the last one that is not
            about = own.partition(": ")[0]
        check = _check(own if own == goal.name else f"{about}: {own}", goal, _where(own))
        group = next((group for group, names in _GROUPS.items() if own.startswith(names)), None)
        if group is None:
            yield check
        else:
            groups.setdefault(group, []).append(check)
    for group, several in groups.items():
        met = sum(check.met is True for check in several)
        yield Check(group, f"{met} of {len(several)}", "all", met == len(several), _HELD_OUT)
        yield from (check for check in several if not check.met)


def _where(name: str) -> str:
    """Return the rows of a goal of detection, whose name may end with a split."""
    split = name.rpartition(", ")[2]
    return f"held-out blocks, {SPLITS[split]}" if split in BY_SPLIT else _HELD_OUT


def _boards(synthesis: SynthesisEvaluation) -> Iterator[Check]:
    """Yield each goal on the board that is worst in it."""
    worst: dict[tuple[str, str], Goal] = {}
    for goal in synthesis_goals(synthesis):
        name = goal.name.rpartition(": ")[2].strip()
        before = worst.setdefault((name, goal.sense), goal)
        if (goal.got < before.got) == (goal.sense == ">="):
            worst[name, goal.sense] = goal
    several = f", worst of {len(synthesis.stations)} boards" if len(synthesis.stations) > 1 else ""
    for (name, _), goal in worst.items():
        yield _check(f"synthesis: {name}", goal, (_BLOCKS if name in _ON_BLOCKS else _RANDOM) + several)


def _check(name: str, goal: Goal, split: str) -> Check:
    return Check(name, f"{goal.got:.3g}", f"{SENSES[goal.sense]} {goal.wanted:g}", goal.met, split)
