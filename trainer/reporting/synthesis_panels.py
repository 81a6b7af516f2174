"""The panels of synthesis: how good generated rows are, whether they are copies, and what they are good for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from trainer.evaluation.synthesis.goals import BLOCKED, C2ST, KS, NEARER_SHARE, RMSE, TSTR
from trainer.evaluation.synthesis.results import Resemblance, SynthesisEvaluation, mean
from trainer.figures.dots import draw_against_wanted
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable

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
_ALIKE = 7  # how many of these are about one column or two
Values = Mapping[str, Sequence[float]]
"""Synthesiser -> values."""


def resemblance_panel(evaluation: SynthesisEvaluation) -> Panel:
    """Show how similar the rows of every synthesiser are to real ones, and whether they are copies."""
    found = {
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
        caption="Green is where a number should lie. A copy looks best in all but the last plot, which is the share of "
        "rows nearer to the half that they were made from (.5: no nearer to it than to the other).",
        figure=draw_against_wanted(list(found), shown, evaluation.judged),
        alt="KS, AUROC of a classifier, regression and nearness by synthesiser. "
        + "; ".join(f"{name}: AUROC {values[column('AUROC')]:.2f}" for name, values in found.items()),
        tables=(
            _table(
                found,
                list(_RATES)[:_ALIKE],
                f"Similarity: split at random, mean over {boards} board{'s' if boards > 1 else ''}; KS against "
                "held-out rows, all else against the rows fitted on",
            ),
            _table(
                found,
                list(_RATES)[_ALIKE:],
                "AUROC of a classifier that tells them from the rows fitted on and from held-out ones, use for a "
                "regression, and nearness to single rows. Copies: equal to a training row. No proof of privacy.",
            ),
        ),
        numbers={name: dict(zip(_RATES, values, strict=True)) for name, values in found.items()},
        wide=True,
    )


def downstream_panel(evaluation: SynthesisEvaluation) -> Panel | None:
    """Show what synthetic rows are good for in a regression of the gas; ``None``: there is no gas."""
    if not evaluation.tstr_blocks:
        return None
    found: dict[str, Sequence[float]] = {}
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
            "Regression of the gas on blocks that nothing was fitted on. R2: trained on synthetic rows alone. RMSE: "
            "trained on a twentieth of the real rows with 5,000 synthetic ones, relative to these real rows alone; "
            "worse: share of runs in which the synthetic ones harm",
        )
    ]
    scorers = dict.fromkeys(name for one in evaluation.detections for name in one.auroc)
    if scorers:
        tables.append(
            HtmlTable(
                ("scored by", "AUROC"),
                [(name, round(mean(one.auroc[name] for one in evaluation.detections), 3)) for name in scorers],
                "Faults in single rows found by reconstruction error, with few real rows to train on",
            )
        )
    return Panel(
        key="downstream",
        title="What synthetic rows are good for",
        caption="Left of 1 in the two plots on the right, adding synthetic rows to few real ones helps a regression of "
        "the gas; right of 1 it harms.",
        figure=draw_against_wanted(list(found), shown, evaluation.judged, reference=1.0),
        alt="; ".join(f"{name}: RMSE ratio {values[2]:.2f}" for name, values in found.items()),
        tables=tables,
        numbers={name: dict(zip(heads, values, strict=True)) for name, values in found.items()},
        wide=True,
    )


def _table(found: Values, rates: Sequence[str], caption: str) -> HtmlTable:
    places = [list(_RATES).index(rate) for rate in rates]
    rows: list[tuple[str | float, ...]] = [
        (name, *(round(values[place], 4) for place in places)) for name, values in found.items()
    ]
    return HtmlTable(("synthesiser", *rates), rows, caption)
