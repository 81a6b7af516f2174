"""The panels of what is found: ROC, realised alarm rates, and recall by family of faults."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from trainer.evaluation.detection.curves import Curves
from trainer.evaluation.detection.results import (
    CONSISTENCY,
    ONSET,
    PUBLISHED_AE,
    PUBLISHED_VAE,
    RECONSTRUCTION,
    Evaluation,
    Measure,
)
from trainer.figures.ticks import few_ticks
from trainer.page import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, VERMILLION, HtmlTable, Panel, figure, percent
from trainer.reporting.display_names import SPLITS

COLOURS = {
    CONSISTENCY: BLUE,
    ONSET: GREEN,
    RECONSTRUCTION["ae"]: ORANGE,
    RECONSTRUCTION["vae"]: PURPLE,
    PUBLISHED_AE: VERMILLION,
    PUBLISHED_VAE: INK,
}
_TOLD = {CONSISTENCY: "the consistency", PUBLISHED_AE: "the published AE"}
_MEASURES: dict[str, Measure] = {  # by the key of the written numbers
    "auroc": "auroc",
    "r1": "recall_at_1pct",
    "r01": "recall_at_01pct",
}
_DRAWN: tuple[Measure, ...] = ("recall_at_1pct", "auroc")
_DASHED = {"adaptive": (4, 2), "in sample": (1, 1.5), "static": (None, None)}


def roc_panel(evaluation: Evaluation) -> Panel | None:
    """Draw the share of fault rows found over the rate of false alarms, by split; ``None``: nothing was kept."""
    cells = _by_split(evaluation)
    if not cells:
        return None
    picture = figure(3.6 * max(2, len(cells)), 3.5)
    grid = picture.subplots(1, len(cells), squeeze=False, sharey=True)[0]
    numbers: dict[str, object] = {}
    for axes, (split, several) in zip(grid, cells.items(), strict=True):
        rates = several[0].rates
        means = {
            name: np.mean([one.roc[name] for one in several if name in one.roc], axis=0) for name in several[0].roc
        }
        for name, found in sorted(means.items(), key=lambda item: item[0] in COLOURS):
            axes.plot(rates, found, label=name if name in COLOURS else None, **_line(name))
        axes.plot(rates, rates, color=GREY, linestyle=":", linewidth=0.9)
        axes.set(xscale="log", xlim=(rates[0], 1), ylim=(0, 1.02), title=SPLITS[split], xlabel="false alarms per row")
        numbers[split] = {"rates": rates} | means
        few_ticks(axes.xaxis)
    grid[0].set_ylabel("share of fault rows found")
    picture.legend(*grid[0].get_legend_handles_labels(), loc="outside lower left", ncols=len(COLOURS))
    at = {
        name: float(np.mean([np.interp(-3, np.log10(one.rates), one.roc[name]) for of in cells.values() for one in of]))
        for name in _TOLD
        if all(name in one.roc for of in cells.values() for one in of)
    }
    told = ", ".join(f"{_TOLD[name]} finds {percent(value)}" for name, value in at.items())
    return Panel(
        key="roc",
        title="What is found, at which price",
        says=f"Left is where a gateway works: at one false alarm in 1,000 rows, {told} of the fault rows "
        "(grey: other detectors; dotted: chance).",
        figure=picture,
        alt=f"ROC curves with a logarithmic axis of false alarms. At 0.001: {told}.",
        numbers=numbers,
        wide=True,
    )


def rates_panel(evaluation: Evaluation) -> Panel | None:
    """Draw the realised rate of exceedances over the requested one, by split; ``None``: nothing was kept."""
    cells = _by_split(evaluation)
    if not cells:
        return None
    picture = figure(3.6 * max(2, len(cells)), 3.5)
    grid = picture.subplots(1, len(cells), squeeze=False, sharey=True)[0]
    numbers: dict[str, object] = {}
    for axes, (split, several) in zip(grid, cells.items(), strict=True):
        requested = several[0].requested
        foot = float(requested.min()) / 3
        worst = {
            name: np.max([one.realised[name] for one in several if name in one.realised], axis=0)
            for name in several[0].realised
        }
        axes.plot(requested, requested, color=GREY, linestyle=":", linewidth=1.0)
        for name, realised in worst.items():
            detector, _, mode = name.rpartition(", ")
            if detector in COLOURS:
                # No exceedance at all is drawn at the foot of the axis.
                drawn = np.maximum(realised, foot)
                axes.plot(requested, drawn, label=name, dashes=_DASHED[mode], **_line(detector))
        axes.set(xscale="log", yscale="log", title=SPLITS[split], xlabel="requested", ylim=(foot, 1))
        few_ticks(axes.xaxis)
        few_ticks(axes.yaxis)
        numbers[split] = {"requested": requested} | worst
    grid[0].set_ylabel("realised on undisturbed rows")
    picture.legend(*grid[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return Panel(
        key="rates",
        title="Requested and realised alarm rate",
        says="On the dotted line a gateway keeps its promise; above it, there are more false alarms than were asked "
        "for; at the foot there is none. Finely dotted: thresholds learnt in sample, as published.",
        figure=picture,
        alt="Realised against requested rate of exceedances on undisturbed held-out rows, on logarithmic axes.",
        numbers=numbers,
        wide=True,
    )


def families_panel(evaluation: Evaluation) -> Panel | None:
    """Draw, by family of faults, the share of rows found at a rate of .01 and the AUROC; ``None``: none had room."""
    families = [
        family
        for family in dict.fromkeys(evaluation.families.values())
        if not math.isnan(evaluation.mean(CONSISTENCY, families=[family]))
    ]
    if not families:
        return None
    names = [name for name in COLOURS if name in evaluation.detectors]
    picture = figure(9.6, 0.36 * len(families) + 1.3)
    grid = picture.subplots(1, 2, sharey=True)
    for axes, measure, title in zip(grid, _DRAWN, ("rows found at 1 % false alarms", "AUROC"), strict=True):
        for place, family in enumerate(families):
            values = [evaluation.mean(name, measure, families=[family]) for name in names]
            axes.plot([min(values), max(values)], [place, place], color=GREY, linewidth=1.0, zorder=1)
            for name, value in zip(names, values, strict=True):
                first = name == CONSISTENCY
                axes.plot(
                    value,
                    place,
                    "o" if first else "D",
                    color=COLOURS[name],
                    markersize=8 if first else 5,
                    label=name if place == 0 else None,
                )
        axes.set(title=title, xlim=(-0.02 if measure == "recall_at_1pct" else 0.3, 1.02))
    grid[0].set_yticks(range(len(families)), families)
    grid[0].invert_yaxis()
    picture.legend(*grid[0].get_legend_handles_labels(), loc="outside lower left", ncols=len(COLOURS))
    rows: list[tuple[str | float, ...]] = [
        (name, *(round(evaluation.mean(name, "recall_at_1pct", families=[family]), 3) for family in families))
        for name in evaluation.detectors
    ]
    hardest = min(families, key=lambda family: evaluation.mean(CONSISTENCY, "recall_at_1pct", families=[family]))
    return Panel(
        key="families",
        title="What is found, by family of faults",
        says=f"Right is better: the big dot is the consistency that a gateway alarms on; it finds least of {hardest}.",
        figure=picture,
        alt="Recall and AUROC by family of faults and detector; consistency: "
        + ", ".join(
            f"{family} {evaluation.mean(CONSISTENCY, 'recall_at_1pct', families=[family]):.2f}" for family in families
        ),
        tables=(
            HtmlTable(("detector", *families), rows, "Share of fault rows found at 1 % false alarms, mean over splits"),
        ),
        numbers={
            name: {
                family: {key: evaluation.mean(name, one, families=[family]) for key, one in _MEASURES.items()}
                for family in families
            }
            for name in evaluation.detectors
        },
        wide=True,
    )


def _by_split(evaluation: Evaluation) -> Mapping[str, Sequence[Curves]]:
    found = {split: [cell.curves for cell in evaluation.folds_of(split) if cell.curves] for split in evaluation.splits}
    return {split: several for split, several in found.items() if several}


def _line(name: str) -> dict[str, object]:
    if name not in COLOURS:
        return {"color": GREY, "linewidth": 0.8}
    return {"color": COLOURS[name], "linewidth": 2.2 if name == CONSISTENCY else 1.4}
