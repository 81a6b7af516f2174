"""The panels of what is found: ROC, realised alarm rates, and recall by family of faults."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from trainer.evaluation.detection.curves import Curves
from trainer.evaluation.detection.faults import Family
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    ONSET,
    PUBLISHED_AE,
    PUBLISHED_VAE,
    RECONSTRUCTION,
    Evaluation,
    Measure,
)
from trainer.figures.colours import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILLION
from trainer.figures.dots import draw_dots
from trainer.figures.rates import draw_realised, draw_roc
from trainer.figures.units import percent
from trainer.page.panel import Panel
from trainer.page.table import HtmlTable
from trainer.reporting.display_names import SPLITS

COLOURS = {
    CONSISTENCY: BLUE,
    ONSET: GREEN,
    RECONSTRUCTION["ae"]: ORANGE,
    RECONSTRUCTION["vae"]: PURPLE,
    PUBLISHED_AE: VERMILLION,
    PUBLISHED_VAE: INK,
}
_NAMED = {CONSISTENCY: "the consistency", PUBLISHED_AE: "the published AE"}
_MEASURES: dict[str, Measure] = {  # key in the written numbers -> measure
    "auroc": "auroc",
    "r1": "recall_at_1pct",
    "r01": "recall_at_01pct",
}
_DRAWN: dict[str, tuple[Measure, tuple[float, float]]] = {
    "rows found at 1 % false alarms": ("recall_at_1pct", (-0.02, 1.02)),
    "AUROC": ("auroc", (0.3, 1.02)),
}


def roc_panel(evaluation: Evaluation) -> Panel | None:
    """Show the share of fault rows found over the rate of false alarms, by split; ``None``: nothing was kept."""
    curves = _by_split(evaluation)
    if not curves:
        return None
    means = {
        split: {name: np.mean([one.roc[name] for one in several if name in one.roc], axis=0) for name in several[0].roc}
        for split, several in curves.items()
    }
    rates = {split: several[0].rates for split, several in curves.items()}
    every = [one for several in curves.values() for one in several]
    shares = {
        name: float(np.mean([np.interp(-3, np.log10(one.rates), one.roc[name]) for one in every]))
        for name in _NAMED
        if all(name in one.roc for one in every)
    }
    finds = ", ".join(f"{_NAMED[name]} finds {percent(share)}" for name, share in shares.items())
    return Panel(
        key="roc",
        title="What is found, at which price",
        caption=f"A gateway works on the left: at one false alarm in 1,000 rows, {finds} of the fault rows "
        "(grey: other detectors; dotted: chance).",
        figure=draw_roc({SPLITS[split]: (rates[split], means[split]) for split in curves}, COLOURS, CONSISTENCY),
        alt=f"ROC curves with a logarithmic axis of false alarms. At 0.001: {finds}.",
        numbers={split: {"rates": rates[split]} | means[split] for split in curves},
        wide=True,
    )


def rates_panel(evaluation: Evaluation) -> Panel | None:
    """Show the realised rate of exceedances over the requested one, by split; ``None``: nothing was kept."""
    curves = _by_split(evaluation)
    if not curves:
        return None
    worst = {
        split: {
            name: np.max([one.realised[name] for one in several if name in one.realised], axis=0)
            for name in several[0].realised
        }
        for split, several in curves.items()
    }
    requested = {split: several[0].requested for split, several in curves.items()}
    return Panel(
        key="rates",
        title="Requested and realised alarm rate",
        caption="On the dotted line a gateway keeps its promise; above it, there are more false alarms than were "
        "requested; at the foot there are none. Finely dotted: thresholds learnt in sample, as published.",
        figure=draw_realised(
            {SPLITS[split]: (requested[split], worst[split]) for split in curves}, COLOURS, CONSISTENCY
        ),
        alt="Realised against requested rate of exceedances on undisturbed held-out rows, on logarithmic axes.",
        numbers={split: {"requested": requested[split]} | worst[split] for split in curves},
        wide=True,
    )


def families_panel(evaluation: Evaluation) -> Panel | None:
    """Show the share of rows found at 1 % false alarms and the AUROC by family of faults; ``None``: no family."""

    def mean(detector: str, measure: Measure, family: Family) -> float:
        return evaluation.mean(detector, measure, families=[family])

    families = [
        family
        for family in dict.fromkeys(evaluation.families.values())
        if not math.isnan(mean(CONSISTENCY, "auroc", family))
    ]
    if not families:
        return None
    found: dict[str, float] = {family: mean(CONSISTENCY, "recall_at_1pct", family) for family in families}
    rows: list[tuple[str | float, ...]] = [
        (name, *(round(mean(name, "recall_at_1pct", family), 3) for family in families))
        for name in evaluation.detectors
    ]
    return Panel(
        key="families",
        title="What is found, by family of faults",
        caption="Right is better. The big dot is the consistency, which a gateway raises alarms on; it finds least of "
        f"{min(families, key=found.__getitem__)}.",
        figure=draw_dots(
            {
                title: {
                    name: {family: mean(name, measure, family) for family in families}
                    for name in COLOURS
                    if name in evaluation.detectors
                }
                for title, (measure, _) in _DRAWN.items()
            },
            COLOURS,
            {title: limits for title, (_, limits) in _DRAWN.items()},
            CONSISTENCY,
        ),
        alt="Recall and AUROC by family of faults and detector; consistency: "
        + ", ".join(f"{family} {share:.2f}" for family, share in found.items()),
        tables=(
            HtmlTable(("detector", *families), rows, "Share of fault rows found at 1 % false alarms, mean over splits"),
        ),
        numbers={
            name: {
                family: {key: mean(name, measure, family) for key, measure in _MEASURES.items()} for family in families
            }
            for name in evaluation.detectors
        },
        wide=True,
    )


def _by_split(evaluation: Evaluation) -> Mapping[str, Sequence[Curves]]:
    found = {split: [fold.curves for fold in evaluation.folds_of(split) if fold.curves] for split in evaluation.splits}
    return {split: several for split, several in found.items() if several}
