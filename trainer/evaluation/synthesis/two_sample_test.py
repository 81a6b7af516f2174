"""Measures by a classifier two-sample test how well synthetic rows can be distinguished from real ones."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from edge.arrays import Floats
from trainer.evaluation.detection.roc import auroc

FOLDS = 5


def c2st(real: Floats, rows: Floats, *, seed: int) -> float:
    """Return the AUROC of a classifier between real rows [N, F] and others [M, F]: .5 if it guesses, 1 if it is right.

    The classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017) with gradient-boosted trees, five folds and equally
    many rows of both kinds: the mean AUROC over the folds' held-out rows. It rises with the count of rows. Below .5
    the others are copies: a row and its copy in different folds mislead the classifier.

    Both are compared as they are written: in a coarse column of few values, trees distinguish a value from its rounded
    self.

    Parameters
    ----------
    real, rows
        Rows in the station's units, at least 5 of each; the larger set is thinned to the size of the smaller.
    seed
        Seed of the thinning, the folds and the trees.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # slow to import, and needed only here
    from sklearn.model_selection import StratifiedKFold

    count = min(len(real), len(rows))
    rng = np.random.default_rng(seed)
    x = np.concatenate([values[rng.choice(len(values), count, replace=False)] for values in (real, rows)])
    synthetic = np.repeat([False, True], count)
    found = []
    # Trees this small are no faster on more threads, and many times slower when other processes need the processor.
    with threadpool_limits(1):
        for fit, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, synthetic):
            trees = HistGradientBoostingClassifier(random_state=seed).fit(x[fit], synthetic[fit])
            score, truth = trees.predict_proba(x[judge])[:, 1], synthetic[judge]
            found.append(auroc(score[~truth], score[truth]))
    return float(np.mean(found))
