"""Says in sentences whether the false-alarm budget held from past to future, and what the record has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from trainer.evaluation.ageing.layout import Direction
from trainer.evaluation.ageing.results import JUDGED, UNFITTED, YEAR, Ageing, WorstStretch

BudgetOutcome = Literal["keeps", "breaks", "unknown"]

WARNING = "a warning, not a forecast: the next season may be unlike every part of this record"
FOLLOWING = (
    "thresholds that follow approach the requested rate with a useless score as well: no evidence of calibration"
)
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
    if found == "breaks":
        yield "the false-alarm budget BREAKS on parts of the record that were not trained on:"
    elif found == "keeps":
        yield "the false-alarm budget holds on the parts of the record that were not trained on; nearest to its limit:"
    else:
        yield "whether the false-alarm budget holds on other times is UNKNOWN"
    for direction in ageing.directions:
        for score in JUDGED:
            worst = worst_of(ageing, direction, score)
            if worst is not None and worst[1].kept == (found != "breaks"):
                yield f"  {stretch_sentence(direction, score, *worst)}"
    yield seasons_sentence(ageing)
    yield from ageing.notes
    if ageing.steps:
        yield WARNING


def worst_of(ageing: Ageing, direction: Direction, score: str) -> tuple[float, WorstStretch] | None:
    """Return the requested rate that is exceeded most, in multiples of it, and by which stretch."""
    found = [
        (requested, worst)
        for requested in ageing.requested
        if (worst := worst_stretch(ageing, direction, score, requested)) is not None
    ]
    return max(found, key=lambda one: (not one[1].kept, one[1].share / one[0]), default=None)


def worst_stretch(ageing: Ageing, direction: Direction, score: str, requested: float) -> WorstStretch | None:
    """Return the worst of all parts, quarters and windows; ``None``: there is none."""
    found = (ageing.worst(direction, score, requested, place) for place in ("part", "quarter", "window"))
    return max((one for one in found if one is not None), key=lambda one: (not one.kept, one.share), default=None)


def stretch_sentence(direction: Direction, score: str, requested: float, worst: WorstStretch) -> str:
    """Return which share of which readings exceeds, at which distance from the training."""
    return (
        f"{score}: {100 * worst.share:.2g} % of {worst.readings:,} readings exceed at {100 * requested:g} % requested,"
        f" {distance(direction, worst)}"
    )


def distance(direction: Direction, worst: WorstStretch) -> str:
    """Return how far a stretch lies from the training."""
    if worst.days is not None:
        return f"{_number(worst.days)} days {WHERE[direction]}"
    return WHERE[direction] if worst.age is None else f"{worst.age:,.0f} rows {WHERE[direction]}"


def seasons_sentence(ageing: Ageing) -> str:
    """Return which seasons a record has seen, as far as its time stamps or its cadence tell."""
    climates = f"{ageing.regimes} regime{'' if ageing.regimes == 1 else 's'} of the climate"
    if ageing.days is None:
        return f"no time stamps: unknown which seasons it has seen; {climates}"
    days = f"{_number(ageing.days)} days{'' if ageing.stamped else ' by its cadence'}"
    if ageing.days < YEAR:
        return f"one season only: {days}, less than a year, so the other seasons are unknown; {climates}"
    return f"all seasons: {days}; {climates}"


def whole_year(ageing: Ageing) -> bool:
    """Return whether a record is known to have seen every season."""
    return ageing.days is not None and ageing.days >= YEAR


def ageing_metrics(ageing: Ageing) -> dict[str, Any]:
    """Return what a run's metrics and a bundle's manifest hold: the counts, and the verdict in sentences."""
    return {**msgspec.to_builtins(ageing), "verdict": list(verdict_sentences(ageing))}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
