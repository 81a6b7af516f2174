"""Lists what the scores have to reach on the reference record, and checks whether they do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from trainer.evaluation.detection.faults import Family
from trainer.evaluation.detection.folds import SplitName
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    ONSET,
    PUBLISHED_AE,
    RECONSTRUCTION,
    Evaluation,
    Events,
    Mode,
    Spacing,
)
from trainer.evaluation.goal import Goal

MEAN = 0.92
ABOVE_PUBLISHED = 0.12
BY_SPLIT: dict[SplitName, tuple[float, float]] = {"bwd": (0.88, 0.46), "fwd": (0.92, 0.58), "seen": (0.94, 0.59)}
"""AUROC and recall at the 99 % quantile."""
BY_FAMILY: dict[Family, float] = {
    "spike": 0.94,
    "offset": 0.86,
    "drift": 0.80,
    "gain": 0.90,
    "noise": 0.86,
    "stuck": 0.88,
    "zero": 0.999,
    "open": 0.999,
    "swap": 0.96,
    "methane": 0.83,
    "response": 0.91,
    "blind": 0.88,
}
BY_CASE = {"methane x3": 0.95}
REALISED: dict[tuple[Mode, float], float] = {
    ("static", 0.01): 0.02,
    ("adaptive", 0.01): 0.015,
    ("static", 0.001): 0.002,
    ("adaptive", 0.001): 0.002,
}
ALL_FOUND: tuple[Family, ...] = ("open", "zero", "swap")
ONSET_AUROC, ONSET_REALISED = 0.98, 0.008
RECONSTRUCTED = 0.87
ALARMS = 0.3
"""Most alarms in 1000 undisturbed readings."""


def goals(evaluation: Evaluation) -> tuple[Goal, ...]:
    """Compare an evaluation with the goals; goals for which nothing was measured are left out.

    An AUROC or a recall is the mean over stations and splits; a realised rate or a share of events found is the worst
    of any station and split; alarms are counted over all of them.
    """
    parts = (_case_goals, _rate_goals, _event_goals, _without_gas_goals)
    return tuple(goal for part in parts for goal in part(evaluation) if not math.isnan(goal.got))


def _case_goals(evaluation: Evaluation) -> Iterator[Goal]:
    mean = evaluation.mean(CONSISTENCY)
    yield Goal("consistency: mean AUROC", mean, MEAN)
    yield Goal(f"  above {PUBLISHED_AE}", mean - evaluation.mean(PUBLISHED_AE), ABOVE_PUBLISHED)
    for split, (auroc, recall) in BY_SPLIT.items():
        yield Goal(f"  AUROC, {split}", evaluation.mean(CONSISTENCY, split=split), auroc)
        found = evaluation.mean(CONSISTENCY, "recall_at_1pct", split=split)
        yield Goal(f"  recall at the 99 % quantile, {split}", found, recall)
    for family, auroc in BY_FAMILY.items():
        yield Goal(f"  AUROC, {family}", evaluation.mean(CONSISTENCY, families=[family]), auroc)
    for case, auroc in BY_CASE.items():
        yield Goal(f"  AUROC, {case}", evaluation.mean(CONSISTENCY, case=case), auroc)
    yield Goal("reconstruction: mean AUROC, AE", evaluation.mean(RECONSTRUCTION["ae"]), RECONSTRUCTED)


def _rate_goals(evaluation: Evaluation) -> Iterator[Goal]:
    for (mode, requested), most in REALISED.items():
        realised = [
            rate.realised
            for fold in evaluation.folds
            for rate in fold.rates
            if (rate.detector, rate.mode, rate.requested) == (CONSISTENCY, mode, requested)
        ]
        yield Goal(f"false alarms: realised for {requested:g}, {mode}", max(realised, default=math.nan), most, "<=")
    readings = sum(fold.readings for fold in evaluation.folds)
    alarms = sum(fold.alarms for fold in evaluation.folds)
    yield Goal("  alarms in 1000 readings", 1000 * alarms / readings if readings else math.nan, ALARMS, "<=")


def _event_goals(evaluation: Evaluation) -> Iterator[Goal]:
    spacings: tuple[Spacing, ...] = ("dense", "sparse")
    for family in ALL_FOUND:
        for spacing in spacings:
            share = _worst(
                events
                for fold in evaluation.folds
                for events in fold.events
                if evaluation.families[events.case] == family and events.spacing == spacing
            )
            yield Goal(f"found at 0.001, static: {family}, {spacing}", share, 1.0)
    blind = _worst(
        events for fold in evaluation.folds for events in fold.events if evaluation.families[events.case] == "blind"
    )
    yield Goal("found at 0.001, static: blind reference", blind, 1.0)


def _worst(events: Iterable[Events]) -> float:
    shares = (one.found / one.total for one in events if one.mode == "static" and one.requested == 0.001)
    return min(shares, default=math.nan)


def _without_gas_goals(evaluation: Evaluation) -> Iterator[Goal]:
    deployed = [
        one
        for fold in evaluation.folds
        for one in fold.without_gas
        if one.detector == ONSET and one.requested == 0.001 and one.onsets
    ]
    count = len(deployed) or math.nan
    yield Goal("methane withheld: mean AUROC", sum(one.auroc for one in deployed) / count, ONSET_AUROC)
    yield Goal("  onsets found at 0.001", min((o.found / o.onsets for o in deployed), default=math.nan), 1.0)
    realised = max((one.realised for one in deployed), default=math.nan)
    yield Goal("  realised for 0.001", realised, ONSET_REALISED, "<=")
