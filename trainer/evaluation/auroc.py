"""AUROC: how well a score tells one kind of rows from another, whatever the threshold."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats


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
