"""Prints the false alarms by age as a table."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.evaluation.ageing.layout import PARTS
from trainer.evaluation.ageing.results import JUDGED, Ageing, WorstStretch
from trainer.evaluation.ageing.verdict import FOLLOWING, KEPT, verdict_sentences
from trainer.evaluation.text_table import text_table

HEADS = ("largest part", "worst quarter", "worst 2,000", "budget")


def ageing_lines(ageing: Ageing) -> Iterator[str]:
    """Yield the worst shares by direction, score and requested rate, then the verdict."""
    if ageing.steps:
        *some, last = dict.fromkeys(str(step.trained) for step in ageing.steps)
        fits = " or ".join([", ".join(some), last]) if some else last
        yield f"past to future: fitted on {fits} of {PARTS} parts, undisturbed readings of the others that exceed"
        yield "(ahead: the later parts; back: the earlier ones; fixed thresholds)"
        yield f"({KEPT})"
        yield from text_table(HEADS, _rows(ageing))
        followed = dict(_followed(ageing))
        if followed:
            yield "following: largest share of a fit"
            yield f"({FOLLOWING})"
            yield from text_table([f"{100 * requested:g} %" for requested in ageing.requested], followed)
    yield from verdict_sentences(ageing)


def _rows(ageing: Ageing) -> dict[str, list[str]]:
    rows = {}
    for requested in ageing.requested:
        for direction in ageing.directions:
            for score in ageing.scores:
                cells = [
                    _share(ageing.worst(direction, score, requested, place)) for place in ("part", "quarter", "window")
                ]
                kept = ageing.keeps(direction, score, requested)
                if kept is not None:
                    word = "" if score not in JUDGED else "kept" if kept else "BREAKS"
                    rows[f"  {100 * requested:g} % {direction}, {score}"] = [*cells, word]
    return rows


def _followed(ageing: Ageing) -> Iterator[tuple[str, list[str]]]:
    for direction in ageing.directions:
        for score in ageing.scores:
            shares = [ageing.following(direction, score, requested) for requested in ageing.requested]
            known = [f"{100 * share:.2f} %" for share in shares if share is not None]
            if len(known) == len(shares):
                yield f"  {direction}, {score}", known


def _share(worst: WorstStretch | None) -> str:
    return "-" if worst is None else f"{100 * worst.share:.2f} %"
