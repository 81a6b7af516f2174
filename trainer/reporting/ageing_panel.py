"""The panel of false alarms by age: fitted on the past and tested on the future, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from trainer.evaluation.ageing.layout import PARTS, Direction
from trainer.evaluation.ageing.results import JUDGED, Ageing, AgeingStep, WorstStretch
from trainer.evaluation.ageing.tolerance import ALLOWED
from trainer.evaluation.ageing.verdict import FOLLOWING, KEPT, WARNING, seasons_sentence, verdict_sentences
from trainer.evaluation.budget import WINDOW
from trainer.figures.ageing import AgeLine, draw_ageing
from trainer.figures.colours import BLUE, GREEN, ORANGE
from trainer.page.panel import Panel
from trainer.page.table import Cell, HtmlTable

COLOURS = dict(zip(JUDGED, (BLUE, ORANGE, GREEN), strict=True))
TITLES: dict[Direction, str] = {"ahead": "past to future", "back": "future to past"}
_TITLE = "False alarms by age"


def ageing_panel(ageing: Ageing | None, others: Iterable[Ageing] = ()) -> Panel:
    """Show which share of undisturbed readings exceeds, by the distance from the training.

    Parameters
    ----------
    ageing
        What the training measured; ``None``: an earlier davylamp trained it.
    others
        What an evaluation measured of each of its files, with other detectors beside ours.
    """
    if ageing is None or not ageing.steps:
        return Panel(
            key="ageing",
            title=_TITLE,
            caption="Whether the false-alarm budget holds on times that were not trained on.",
            missing="this run measured none; fix: davylamp train again"
            if ageing is None
            else "; ".join([*ageing.notes, seasons_sentence(ageing)]),
        )
    plots = {
        f"{TITLES[direction]}, {100 * requested:g} % requested": (
            requested,
            [line for step in ageing.steps if step.direction == direction for line in _lines(step, at)],
        )
        for at, requested in enumerate(ageing.requested)
        for direction in ageing.directions
    }
    verdict = list(verdict_sentences(ageing))
    shown = next((one for one in others if (one.rows, one.days) == (ageing.rows, ageing.days)), ageing)
    days = all(stretch.days is not None for step in ageing.steps for stretch in step.stretches)
    return Panel(
        key="ageing",
        title=_TITLE,
        caption=f"Fitted on the first of {PARTS} parts, tested on all later ones, and the reverse, with thresholds as "
        f"they were fitted. A dot is a quarter of a part; shaded: more than {ALLOWED:g} times the request; at "
        f"the foot: none. It is {WARNING}. {seasons_sentence(ageing).capitalize()}.",
        figure=draw_ageing(
            plots, COLOURS, unit="days" if days else "rows", allowed=ALLOWED, across=len(ageing.directions)
        ),
        alt="Share of undisturbed readings that exceed over their distance from the training. " + " ".join(verdict),
        tables=(
            HtmlTable(
                ("tested", "score", "requested", "largest part", "worst quarter", f"worst {WINDOW:,}", "budget"),
                list(_rows(shown)),
                f"Share of undisturbed readings that exceed, thresholds as fitted; {KEPT}"
                + ("" if shown is ageing else "; by evaluate, with other detectors at thresholds set in sample"),
            ),
            HtmlTable(
                ("tested", "score", "requested", "largest share of a fit"),
                list(_followed(ageing)),
                f"The same with thresholds that follow. {FOLLOWING.capitalize()}.",
            ),
        ),
        numbers=msgspec.to_builtins(ageing),
        wide=True,
    )


def _lines(step: AgeingStep, at: int) -> Iterator[AgeLine]:
    """Yield the line of each of our scores at the requested rate number ``at``."""
    for name in JUDGED:
        dots = sorted(
            (stretch.age if stretch.days is None else stretch.days, counts.exceeding[at] / counts.readings)
            for stretch, counts in zip(step.stretches, step.counts.get(name, ()), strict=False)
            if counts.readings
        )
        if dots:
            ages, shares = zip(*dots, strict=True)
            yield AgeLine(name, ages, shares)


def _rows(ageing: Ageing) -> Iterator[tuple[Cell, ...]]:
    for direction in ageing.directions:
        for requested in ageing.requested:
            for score in ageing.scores:
                kept = ageing.keeps(direction, score, requested)
                if kept is not None:
                    yield (
                        TITLES[direction],
                        score,
                        f"{100 * requested:g} %",
                        _percent(ageing.worst(direction, score, requested, "part")),
                        _percent(ageing.worst(direction, score, requested, "quarter")),
                        _percent(ageing.worst(direction, score, requested, "window")),
                        "" if score not in JUDGED else "kept" if kept else "breaks",
                    )


def _followed(ageing: Ageing) -> Iterator[tuple[Cell, ...]]:
    for direction in ageing.directions:
        for requested in ageing.requested:
            for score in ageing.scores:
                share = ageing.following(direction, score, requested)
                if share is not None:
                    yield TITLES[direction], score, f"{100 * requested:g} %", f"{100 * share:.2f} %"


def _percent(worst: WorstStretch | None) -> str:
    return "–" if worst is None else f"{100 * worst.share:.2f} %"
