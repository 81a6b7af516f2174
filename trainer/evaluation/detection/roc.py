"""ROC: how much a detector finds at each rate of false positives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RATES: Values = np.logspace(-4, 0, 33)
"""False positives per undisturbed row, eight to a decade."""


def found_at(usual: Values, score: Values) -> Values:
    """Share of the scores [N] above the quantiles of the usual ones [M] that leave each of :data:`RATES`, [33].

    Scores are nan where there is none: that is nothing found.
    """
    thresholds = np.nanquantile(usual, 1 - RATES[:-1])
    counts = len(score) - np.searchsorted(np.sort(np.nan_to_num(score, nan=-np.inf)), thresholds, side="right")
    return np.append(counts / len(score), 1.0)  # who is always wrong misses nothing


def mean_by_family(found: Mapping[str, Values], families: Mapping[str, str]) -> Values:
    """Mean over families of the means over their cases [33], so that a family counts once; nan of nothing."""
    by_family: dict[str, list[Values]] = {}
    for case, shares in found.items():
        by_family.setdefault(families[case], []).append(shares)
    if not by_family:
        return np.full(len(RATES), np.nan)
    return np.asarray(np.mean([np.mean(cases, axis=0) for cases in by_family.values()], axis=0))
