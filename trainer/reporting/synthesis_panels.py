"""The panels of synthesis: who makes which rows, whether they are copies, and what they are good for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from trainer.evaluation.synthesis.goals import BLOCKED, C2ST, KS, NEARER_SHARE, RMSE, TSTR
from trainer.evaluation.synthesis.results import Resemblance, SynthesisEvaluation, mean
from trainer.page import BLUE, GREEN, GREY, HtmlTable, Panel, figure

_RATES: dict[str, Callable[[Resemblance], float]] = {
    "KS train": lambda one: one.train.ks,
    "KS": lambda one: one.ks,
    "W1/std": lambda one: one.train.wasserstein,
    "least std ratio": lambda one: min(one.train.std_ratio.values()),
    "largest std ratio": lambda one: max(one.train.std_ratio.values()),
    "Pearson": lambda one: one.train.pearson,
    "Spearman": lambda one: one.train.spearman,
    "AUROC train": lambda one: one.c2st_train,
    "AUROC": lambda one: one.c2st_test,
    "R2/real": lambda one: one.tstr,
    "moisture": lambda one: one.moisture,
    "nearer": lambda one: one.nearer_share,
    "copies": lambda one: one.copies,
    "CPU s": lambda one: one.cpu_seconds,
}
_ALIKE = 7  # of these are about one column or two
Rows = dict[str, Sequence[float]]
"""Synthesiser -> values."""
Wanted = tuple[float | None, float | None]
"""Least and most; ``None``: whatever."""


def resemblance_panel(evaluation: SynthesisEvaluation) -> Panel:
    """Show how like real rows those of every synthesiser are, and whether they are copies."""
    found: Rows = {
        name: [mean(rate(one) for one in own) for rate in _RATES.values()]
        for name in evaluation.synthesisers
        if (own := [one for one in evaluation.resemblances if one.synthesiser == name])
    }
    column = list(_RATES).index
    shown = {
        "KS, held out": ([values[column("KS")] for values in found.values()], (None, KS)),
        "C2ST, AUROC": ([values[column("AUROC")] for values in found.values()], (None, C2ST)),
        "regression, of real": ([values[column("R2/real")] for values in found.values()], (TSTR, None)),
        "nearer to its own half": ([values[column("nearer")] for values in found.values()], NEARER_SHARE),
    }
    boards = len(evaluation.stations)
    return Panel(
        key="synthesis",
        title="Synthetic rows beside others' and copies",
        says="Green is where a number should lie: a copy looks best in all but the last column, which is the share of "
        "rows nearer to the half that they were made from (.5 is none the wiser).",
        figure=_dots(list(found), shown, evaluation.judged),
        alt="KS, AUROC of a classifier, regression and nearness by synthesiser. "
        + "; ".join(f"{name}: AUROC {values[column('AUROC')]:.2f}" for name, values in found.items()),
        tables=(
            _table(
                found,
                list(_RATES)[:_ALIKE],
                f"How alike: split at random, mean over {boards} board{'s' if boards > 1 else ''}; KS against held-out "
                "rows, all else against the rows fitted on",
            ),
            _table(
                found,
                list(_RATES)[_ALIKE:],
                "Told apart by a classifier (AUROC, from the rows fitted on and from held-out ones), of what use, and "
                "how near to single rows. Copies: equal to a training row. None of this is a proof of privacy.",
            ),
        ),
        numbers={name: dict(zip(_RATES, values, strict=True)) for name, values in found.items()},
        wide=True,
    )


def downstream_panel(evaluation: SynthesisEvaluation) -> Panel | None:
    """Show what synthetic rows are worth to a regression of the gas; ``None``: there is no gas."""
    if not evaluation.tstr_blocks:
        return None
    found: Rows = {}
    for name in evaluation.synthesisers:
        own = [one for one in evaluation.tstr_blocks if one.synthesiser == name]
        if own:
            stations = dict.fromkeys(one.station for one in evaluation.scarce if one.synthesiser == name)
            ratios = np.mean([evaluation.rmse(station, name) for station in stations], axis=0)
            found[name] = [mean(one.r2 for one in own), mean(one.r2 / one.real for one in own), *ratios.tolist()]
    shown = {
        "R² on other blocks, of real": ([values[1] for values in found.values()], (BLOCKED, None)),
        "RMSE with few real rows": ([values[2] for values in found.values()], (None, RMSE)),
        "the same, highest tenth": ([values[3] for values in found.values()], (None, None)),
    }
    heads = ("R2", "R2/real", "RMSE ratio", "tail RMSE ratio", "worse", "tail worse")
    tables = [
        HtmlTable(
            ("synthesiser", *heads),
            [(name, *(round(value, 3) for value in values)) for name, values in found.items()],
            "Regression of the gas on blocks that nothing was fitted on: trained on synthetic rows alone (R2), and on "
            "a twentieth of the real rows with 5,000 synthetic ones over these real rows alone (RMSE, share of runs "
            "that got worse)",
        )
    ]
    scorers = dict.fromkeys(name for one in evaluation.detections for name in one.auroc)
    if scorers:
        tables.append(
            HtmlTable(
                ("scored by", "AUROC"),
                [(name, round(mean(one.auroc[name] for one in evaluation.detections), 3)) for name in scorers],
                "Faults in single rows found by reconstruction error where few real rows are there",
            )
        )
    return Panel(
        key="downstream",
        title="What synthetic rows are good for",
        says="Left of 1 in the two pictures on the right, synthetic rows beside few real ones help a regression of the "
        "gas over these alone; right of 1 they harm it.",
        figure=_dots(list(found), shown, evaluation.judged, one=True),
        alt="; ".join(f"{name}: RMSE ratio {values[2]:.2f}" for name, values in found.items()),
        tables=tables,
        numbers={name: dict(zip(heads, values, strict=True)) for name, values in found.items()},
        wide=True,
    )


def _table(found: Rows, rates: Sequence[str], caption: str) -> HtmlTable:
    places = [list(_RATES).index(rate) for rate in rates]
    rows: list[tuple[str | float, ...]] = [
        (name, *(round(values[place], 4) for place in places)) for name, values in found.items()
    ]
    return HtmlTable(("synthesiser", *rates), rows, caption)


def _reach(values: Sequence[float]) -> tuple[float, float]:
    """Lay an axis around what is there."""
    there = [value for value in values if not math.isnan(value)]
    margin = 0.1 * (max(there) - min(there)) or 0.1
    return min(there) - margin, max(there) + margin


def _dots(
    names: Sequence[str],
    shown: Mapping[str, tuple[Sequence[float], Wanted]],
    judged: str,
    *,
    one: bool = False,
) -> Figure:
    there = {title: of for title, of in shown.items() if not all(map(math.isnan, of[0]))}
    picture = figure(10.0, 0.34 * len(names) + 1.0)
    grid = picture.subplots(1, len(there), sharey=True, squeeze=False)[0]
    for axes, (title, (values, wanted)) in zip(grid, there.items(), strict=True):
        if one:
            axes.axvline(1.0, color=GREY, linestyle=":", linewidth=1.0)
        for place, (name, value) in enumerate(zip(names, values, strict=True)):
            if not math.isnan(value):
                mine = name == judged
                axes.plot(value, place, "o", color=BLUE if mine else GREY, markersize=8 if mine else 6)
        axes.set_title(title)
        low, high = _reach([*values, *filter(None, wanted), *([1.0] if one else [])])
        axes.set_xlim(low, high)
        if any(wanted):
            axes.axvspan(wanted[0] or low, wanted[1] or high, color=GREEN, alpha=0.15, linewidth=0)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    return picture
