"""Prints an evaluation of synthesis as tables: how good the rows are, what for, and which goals are met."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TextIO

from trainer.evaluation.goal import goal_lines
from trainer.evaluation.synthesis.goals import synthesis_goals
from trainer.evaluation.synthesis.results import Resemblance, SynthesisEvaluation, mean
from trainer.evaluation.text_table import text_table

HEADS = (
    "KS train", "KS", "W1/std", "std ratios", "Pearson", "Spearman", "skewness", "99 %",
    "AUROC train", "AUROC", "R2/real", "moisture", "nearer", "copies",
)  # fmt: skip


def print_synthesis(evaluation: SynthesisEvaluation, out: TextIO) -> None:
    """Print all tables, and last whether each goal is met.

    Parameters
    ----------
    evaluation
        What was measured.
    out
        Where to print.
    """
    for table in (_resemblance, _tstr, _scarce, _detection):
        for lines in table(evaluation):
            out.write("\n".join(lines) + "\n\n")
    out.write("\n".join(goal_lines(synthesis_goals(evaluation))) + "\n")


def _resemblance(evaluation: SynthesisEvaluation) -> Iterator[list[str]]:
    for station in evaluation.stations:
        rows = {}
        for name in evaluation.synthesisers:
            own = [one for one in evaluation.resemblances if (one.station, one.synthesiser) == (station, name)]
            if own:
                rows[name] = list(_cells(own))
        yield [f"Split at random: {station}", *text_table(HEADS, rows)]
    if evaluation.stations:
        yield [
            "KS and AUROC (of a classifier between both) against held-out rows, all else against the rows fitted on.",
            "Pearson, Spearman: mean difference, all pairs. Skewness, 99 % quantile: of the gas, over the real one.",
            "R2/real: of the gas by trees trained on the rows. Moisture: at odds with temperature and humidity (.010).",
            "Nearer: share of rows nearer to the half of the training rows that they were made from (.5; a copy: 1).",
            "Copies look best in all but the last two columns. These are no proof of privacy.",
        ]


def _cells(own: list[Resemblance]) -> Iterator[str]:
    yield _three(mean(one.train.ks for one in own))
    yield _three(mean(one.ks for one in own))
    yield _three(mean(one.train.wasserstein for one in own))
    ratios = [ratio for one in own for ratio in one.train.std_ratio.values()]
    yield f"{min(ratios):.3f}-{max(ratios):.3f}"
    for value in ("pearson", "spearman", "gas_skewness", "gas_p99"):
        yield _three(mean(getattr(one.train, value) for one in own))
    for value in ("c2st_train", "c2st_test", "tstr", "moisture", "nearer_share"):
        yield _three(mean(getattr(one, value) for one in own))
    yield f"{mean(one.copies for one in own):.0f}"


def _tstr(evaluation: SynthesisEvaluation) -> Iterator[list[str]]:
    stations = dict.fromkeys(one.station for one in evaluation.tstr_blocks)
    rows = {"real": [_three(mean(one.real for one in evaluation.tstr_blocks if one.station == at)) for at in stations]}
    for name in evaluation.synthesisers:
        own = [one for one in evaluation.tstr_blocks if one.synthesiser == name]
        if own:
            rows[name] = [_three(mean(one.r2 for one in own if one.station == at)) for at in stations]
    if stations:
        yield [
            "R2 of the gas on blocks that nothing was fitted on, trained on the rows alone",
            *text_table([*stations], rows),
        ]


def _scarce(evaluation: SynthesisEvaluation) -> Iterator[list[str]]:
    stations = dict.fromkeys(one.station for one in evaluation.scarce)
    rows = {
        name: [
            cell
            for at in stations
            for ratio, tail, worse, _ in [evaluation.rmse(at, name)]
            for cell in (_three(ratio), _three(tail), f"{100 * worse:.0f} %")
        ]
        for name in evaluation.synthesisers
        if any(one.synthesiser == name for one in evaluation.scarce)
    }
    if stations:
        yield [
            "RMSE of the gas, a twentieth of the real rows + 5,000 synthetic ones over these real rows alone: of all",
            f"held-out rows, of the highest tenth, and share of runs that got worse; {', '.join(stations)}",
            *text_table(["all", "tail", "worse"] * len(stations), rows),
        ]


def _detection(evaluation: SynthesisEvaluation) -> Iterator[list[str]]:
    stations = dict.fromkeys(one.station for one in evaluation.detections)
    names = dict.fromkeys(name for one in evaluation.detections for name in one.auroc)
    rows = {
        name: [_three(mean(one.auroc[name] for one in evaluation.detections if one.station == at)) for at in stations]
        for name in names
    }
    if stations:
        yield [
            "AUROC of faults in single rows by reconstruction error, few real rows; what remembers cannot be trained",
            "on rows that follow on nothing, so it is not our scores that are compared",
            *text_table([*stations], rows),
        ]


def _three(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
