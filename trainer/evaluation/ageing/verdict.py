"""Says in sentences whether the false-alarm budget held from past to future, and what the record has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from edge.models.windows import describe_seconds
from trainer.evaluation.ageing.layout import Direction
from trainer.evaluation.ageing.results import JUDGED, PLACES, UNFITTED, YEAR, Ageing, WorstStretch
from trainer.evaluation.ageing.tolerance import ALLOWED, most_allowed

BudgetOutcome = Literal["keeps", "breaks", "unknown"]

WARNING = "a warning, not a forecast: the next season may be unlike every part of this record"
FOLLOWING = (
    "thresholds that follow approach the requested rate with a useless score as well: no evidence of calibration"
)
KEPT = f"kept: at most {ALLOWED:g} times the request, and in a short stretch what chance may add"
WHERE: dict[Direction, str] = {"ahead": "after the training", "back": "before the training"}


def outcome(ageing: Ageing | None) -> BudgetOutcome:
    """Judge the fixed thresholds: ``keeps`` only if every fit was made and every part, quarter and window keeps."""
    if ageing is None or not ageing.steps:
        return "unknown"
    if ageing.broken():
        return "breaks"
    return "keeps" if len(ageing.directions) == 2 and not unfitted(ageing) else "unknown"


def unfitted(ageing: Ageing) -> list[str]:
    """Return the notes about steps that could not be fitted."""
    return [note for note in ageing.notes if note.startswith(UNFITTED)]


def verdict_sentences(ageing: Ageing) -> Iterator[str]:
    """Yield whether the budget held and where it held least, which seasons were seen, and what was not laid out."""
    found = outcome(ageing)
    stretches = list(_named_stretches(ageing, found))
    if found == "breaks":
        yield "the false-alarm budget BREAKS on parts of the record that were not trained on:"
    elif found == "keeps":
        nearest = "nearest to its limit:" if stretches else "no reading exceeds there"
        yield f"the false-alarm budget holds on the parts of the record that were not trained on; {nearest}"
    else:
        yield "whether the false-alarm budget holds on other times is UNKNOWN"
    yield from stretches
    yield seasons_sentence(ageing)
    yield from ageing.notes
    if ageing.steps:
        yield WARNING


def _named_stretches(ageing: Ageing, found: BudgetOutcome) -> Iterator[str]:
    """Yield where each score breaks the budget, or where all keep it, where it comes nearest to its limit."""
    for direction in ageing.directions:
        for score in JUDGED:
            worst = worst_of(ageing, direction, score)
            if worst is not None and worst[1].exceeding and worst[1].kept == (found != "breaks"):
                yield f"  {stretch_sentence(direction, score, *worst)}"


def worst_of(ageing: Ageing, direction: Direction, score: str) -> tuple[float, WorstStretch] | None:
    """Return the requested rate and the stretch that break the budget most, in multiples of the request.

    Where all keep it, those that have the largest part of the exceedances that they are allowed: in a short stretch a
    single one may be many times the request.
    """
    found = [
        (requested, worst)
        for requested in ageing.requested
        for place in PLACES
        if (worst := ageing.worst(direction, score, requested, place)) is not None
    ]

    def severity(one: tuple[float, WorstStretch]) -> tuple[bool, float]:
        requested, worst = one
        if worst.kept:
            return False, worst.exceeding / max(1, most_allowed(worst.readings, requested))
        return True, worst.share / requested

    return max(found, key=severity, default=None)


def worst_stretch(ageing: Ageing, direction: Direction, score: str, requested: float) -> WorstStretch | None:
    """Return the worst of all parts, quarters and windows; ``None``: there is none."""
    found = (ageing.worst(direction, score, requested, place) for place in PLACES)
    return max((one for one in found if one is not None), key=lambda one: (not one.kept, one.share), default=None)


def stretch_sentence(direction: Direction, score: str, requested: float, worst: WorstStretch) -> str:
    """Return how many of which readings exceed, at which distance from the training."""
    share = f"{worst.exceeding:,} of {worst.readings:,} readings ({_number(100 * worst.share)} %)"
    return f"{score}: {share} exceed at {100 * requested:g} % requested, {distance(direction, worst)}"


def distance(direction: Direction, worst: WorstStretch) -> str:
    """Return how far a stretch lies from the training."""
    if worst.days is not None:
        return f"{days_text(worst.days)} {WHERE[direction]}"
    if worst.age is None:
        return WHERE[direction]
    rows = f"{worst.age:,.0f}"
    return f"{rows} row{'' if rows == '1' else 's'} {WHERE[direction]}"


def seasons_sentence(ageing: Ageing) -> str:
    """Return which seasons a record has seen, as far as its time stamps or its cadence tell."""
    climates = f"{ageing.regimes} regime{'' if ageing.regimes == 1 else 's'} of the climate"
    if ageing.days is None:
        return f"no time stamps: unknown which seasons it has seen; {climates}"
    days = f"{days_text(ageing.days)}{'' if ageing.stamped else ' by its cadence'}"
    if ageing.days < YEAR:
        return f"one season only: {days}, less than a year, so the other seasons are unknown; {climates}"
    return f"all seasons: {days}; {climates}"


def whole_year(ageing: Ageing) -> bool:
    """Return whether a record is known to have seen every season."""
    return ageing.days is not None and ageing.days >= YEAR


def ageing_metrics(ageing: Ageing) -> dict[str, Any]:
    """Return what a run's metrics and a bundle's manifest hold: the counts, and the verdict in sentences."""
    return {**msgspec.to_builtins(ageing), "verdict": list(verdict_sentences(ageing))}


def days_text(days: float) -> str:
    """Write a time of days, a short one in hours, minutes or seconds.

    Examples
    --------
    >>> days_text(0.486), days_text(2.25), days_text(1234.5)
    ('11.7 h', '2.2 days', '1,234 days')
    """
    return describe_seconds(86_400 * days) if days < 2 else f"{_number(days)} days"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
