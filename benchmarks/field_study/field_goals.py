"""What the budgets of thresholds that follow have to keep to, on any record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from field_study.measuring import OURS
from trainer.evaluation.goal import Goal

FIRST, LEAST, WORST = 1.5, 0.5, 1.5
"""Multiples of a request of 1 % in the first 2,000 undisturbed readings, and in every later window of 2,000."""
MOST = 8
"""Exceedances in any 2,000 undisturbed readings at a request of 0.1 %."""
OPENINGS = 0.3
"""False openings of an alarm per 1,000 readings at the default request, 0.1 %."""


def field_goals(results: Sequence[Mapping[str, Any]]) -> Iterator[Goal]:
    """Yield the goals of every split; those of windows that it is too short for are left out."""
    for one in results:
        name = f"{one['record']}, {one['split']}"
        yield Goal(f"{name}: a bundle", float(one["bundle"]), 1.0)
        for kind in OURS:
            rates = one["budget"].get(kind, {}).get("following")
            if rates is None:
                continue
            percent, tenth = rates["0.01"], rates["0.001"]
            label = f"{name}: {kind}"
            wanted = (
                Goal(f"{label}, 1%, first 2,000", _number(percent["first"]), FIRST, "<="),
                Goal(f"{label}, 1%, least of 2,000", _number(percent["least"]), LEAST),
                Goal(f"{label}, 1%, worst of 2,000", _number(percent["worst"]), WORST, "<="),
                Goal(f"{label}, .1%, most of 2,000", _number(tenth["worst count"]), MOST, "<="),
                Goal(f"{label}, .1%, worst of 20,000", _number(tenth["worst of 20,000"]), WORST, "<="),
                Goal(f"{label}, .1%, openings per 1,000", _number(tenth["openings per 1,000"]), OPENINGS, "<="),
            )
            yield from (goal for goal in wanted if goal.got == goal.got)  # the quick test for nan


def missed_lines(goals: Sequence[Goal]) -> Iterator[str]:
    """Yield how many goals are met, and those that are not."""
    yield f"Goals of thresholds that follow: {sum(goal.met for goal in goals)} of {len(goals)} met"
    for goal in goals:
        if not goal.met:
            yield f"  {goal.name}: {goal.got:.2f}, expected {goal.sense} {goal.wanted:g}"


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
