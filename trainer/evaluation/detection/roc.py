"""Computes the receiver operating characteristic of a detector: recall by rate of false positives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.metrics import roc_auc_score

from edge.arrays import Floats

RATES: Floats = np.logspace(-4, 0, 33)
"""False positives per undisturbed row, eight rates a decade."""


def auroc(negatives: Floats, positives: Floats) -> float:
    """Return the probability that a positive scores higher than a negative, a tie counting half.

    Rows without a score yet have nan, and are left out; without a row of either kind the result is nan.
    """
    low, high = negatives[~np.isnan(negatives)], positives[~np.isnan(positives)]
    if not len(low) or not len(high):
        return float("nan")
    scores = np.nan_to_num(np.concatenate([low, high]))  # the largest float has the rank of infinity
    return float(roc_auc_score(np.repeat([False, True], [len(low), len(high)]), scores))


def recall_at_rates(usual: Floats, score: Floats) -> Floats:
    """Return the recall at each of :data:`RATES`, [33].

    Parameters
    ----------
    usual
        Scores [M] of undisturbed rows; their quantiles are the thresholds.
    score
        Scores [N] of fault rows; nan, for a row without a score, counts as not found.
    """
    thresholds = np.nanquantile(usual, 1 - RATES[:-1])
    counts = len(score) - np.searchsorted(np.sort(np.nan_to_num(score, nan=-np.inf)), thresholds, side="right")
    return np.append(counts / len(score), 1.0)  # a detector that is always wrong misses nothing


def mean_by_family(found: Mapping[str, Floats], families: Mapping[str, str]) -> Floats:
    """Return the mean over the families of the means over their cases [33]; nan without a case."""
    by_family: dict[str, list[Floats]] = {}
    for case, shares in found.items():
        by_family.setdefault(families[case], []).append(shares)
    if not by_family:
        return np.full(len(RATES), np.nan)
    return np.asarray(np.mean([np.mean(cases, axis=0) for cases in by_family.values()], axis=0))
