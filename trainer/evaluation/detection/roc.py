"""ROC: how much a detector finds at each rate of false positives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.arrays import Floats

RATES: Floats = np.logspace(-4, 0, 33)
"""False positives per undisturbed row, eight to a decade."""


def auroc(negatives: Floats, positives: Floats) -> float:
    """Return the probability that a positive scores higher than a negative, a tie counting half.

    The Mann-Whitney statistic over the product of the counts. Scores that are nan (there is none yet) are left out; nan
    where nothing is left.
    """
    low, high = np.sort(negatives[~np.isnan(negatives)]), positives[~np.isnan(positives)]
    if not len(low) or not len(high):
        return float("nan")
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return float(below.mean() / 2 / len(low))


def recall_at_rates(usual: Floats, score: Floats) -> Floats:
    """Share of the scores [N] above the quantiles of the usual ones [M] that leave each of :data:`RATES`, [33].

    Scores are nan where there is none: that is nothing found.
    """
    thresholds = np.nanquantile(usual, 1 - RATES[:-1])
    counts = len(score) - np.searchsorted(np.sort(np.nan_to_num(score, nan=-np.inf)), thresholds, side="right")
    return np.append(counts / len(score), 1.0)  # who is always wrong misses nothing


def mean_by_family(found: Mapping[str, Floats], families: Mapping[str, str]) -> Floats:
    """Mean over families of the means over their cases [33], so that a family counts once; nan of nothing."""
    by_family: dict[str, list[Floats]] = {}
    for case, shares in found.items():
        by_family.setdefault(families[case], []).append(shares)
    if not by_family:
        return np.full(len(RATES), np.nan)
    return np.asarray(np.mean([np.mean(cases, axis=0) for cases in by_family.values()], axis=0))
