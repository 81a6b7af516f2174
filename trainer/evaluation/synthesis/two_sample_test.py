"""Indistinguishable: whether a classifier can tell synthetic rows from real ones."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from edge.arrays import Floats
from trainer.evaluation.detection.roc import auroc

FOLDS = 5


def c2st(real: Floats, rows: Floats, *, seed: int) -> float:
    """AUROC of a classifier between real rows [N, F] and others [M, F]: .5 = it only guesses, 1 = it always knows.

    The classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017) with gradient-boosted trees, five folds and as many
    rows of one kind as of the other: the mean AUROC of the folds' unseen rows. It rises with the count of rows. Below
    .5 the others are copies: a row and its copy in two folds mislead the classifier.

    Both are seen in single precision, in which rows are made: where a coarse column has few values, trees would else
    tell a value from the same one rounded.

    Parameters
    ----------
    real, rows
        In the station's units; of the larger set as many rows are drawn as the smaller has, at least 5.
    seed
        Of the draw, the folds and the trees.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # slow to import, and wanted only here
    from sklearn.model_selection import StratifiedKFold

    count = min(len(real), len(rows))
    rng = np.random.default_rng(seed)
    x = np.concatenate([values[rng.choice(len(values), count, replace=False)] for values in (real, rows)])
    x = x.astype(np.float32)
    synthetic = np.repeat([False, True], count)
    found = []
    # On more threads trees this small are no faster, and many times slower where others want the processor, too.
    with threadpool_limits(1):
        for fit, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, synthetic):
            trees = HistGradientBoostingClassifier(random_state=seed).fit(x[fit], synthetic[fit])
            score, truth = trees.predict_proba(x[judge])[:, 1], synthetic[judge]
            found.append(auroc(score[~truth], score[truth]))
    return float(np.mean(found))
