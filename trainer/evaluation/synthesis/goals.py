"""Lists what our synthetic rows have to reach on the reference record, and checks whether they do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from trainer.evaluation.goal import Goal
from trainer.evaluation.synthesis.results import Resemblance, SynthesisEvaluation

KS = 0.025
SPREAD = (0.98, 1.02)
COARSE_SPREAD = (0.96, 1.04)
"""Spread of one column of one board, which is measured coarsely."""
COARSE = ("station-3.csv", "ch4_ppb")
PEARSON = 0.01
C2ST = 0.65
TSTR = 0.985
NEARER_SHARE = (0.45, 0.55)
MOISTURE = 0.025
BLOCKED = 0.95
RMSE = 0.88
CPU_SECONDS = 30.0


def synthesis_goals(evaluation: SynthesisEvaluation) -> tuple[Goal, ...]:
    """Compare the judged synthesiser with the goals, board by board; goals without a measurement are left out.

    The worst seed counts, each being a mean of its draws; an RMSE is a mean over seeds and test blocks.
    """
    found = (goal for station in evaluation.stations for goal in _station(evaluation, station))
    return tuple(goal for goal in found if not math.isnan(goal.got))


def _station(evaluation: SynthesisEvaluation, station: str) -> Iterator[Goal]:
    own = [one for one in evaluation.resemblances if (one.station, one.synthesiser) == (station, evaluation.judged)]
    yield Goal(f"{station}: mean KS, held out", max(one.ks for one in own), KS, "<=")
    yield from _spreads(station, own)
    yield Goal("  mean difference of correlations", max(one.train.pearson for one in own), PEARSON, "<=")
    yield Goal("  C2ST, AUROC", max(one.c2st_test for one in own), C2ST, "<=")
    yield Goal("  regression, of real", min(one.tstr for one in own), TSTR)
    yield Goal("  nearer to its own half", min(one.nearer_share for one in own), NEARER_SHARE[0])
    yield Goal("  nearer to its own half", max(one.nearer_share for one in own), NEARER_SHARE[1], "<=")
    yield Goal("  moisture broken", max(one.moisture for one in own), MOISTURE, "<=")
    yield Goal("  CPU seconds of training", max(one.cpu_seconds for one in own), CPU_SECONDS, "<=")
    blocks = [
        one.r2 / one.real
        for one in evaluation.tstr_blocks
        if (one.station, one.synthesiser) == (station, evaluation.judged)
    ]
    yield Goal("  regression on other blocks, of real", min(blocks, default=math.nan), BLOCKED)
    yield Goal("  RMSE with few real rows, of real alone", evaluation.rmse(station, evaluation.judged)[0], RMSE, "<=")


def _spreads(station: str, own: Sequence[Resemblance]) -> Iterator[Goal]:
    """Yield the least and the largest ratio of standard deviations, with the coarse board's gas apart."""
    ratios = {key: [one.train.std_ratio[key] for one in own] for key in own[0].train.std_ratio}
    board, column = COARSE
    if station == board and column in ratios:
        coarse = ratios.pop(column)
        yield Goal(f"  least std ratio of {column}", min(coarse), COARSE_SPREAD[0])
        yield Goal(f"  largest std ratio of {column}", max(coarse), COARSE_SPREAD[1], "<=")
    every = [ratio for several in ratios.values() for ratio in several]
    yield Goal("  least std ratio of any column", min(every), SPREAD[0])
    yield Goal("  largest std ratio of any column", max(every), SPREAD[1], "<=")
