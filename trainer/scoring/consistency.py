"""Fits the linear part of the scores: how channels follow from one another and from their previous readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats
from edge.models.consistency import ConsistencyModel
from edge.models.features import BASELINE_LEAST, LAGS, SHORT_WINDOW, FeatureState, Runs, compute_features
from trainer.errors import TrainingError

_RIDGE = 1.0  # on the weights of the lags, not on the intercept
_SINGULAR = 1e-6  # added to the correlation's diagonal: two channels may be copies of one another
_FLAT = 0.01


def fit_consistency(segments: Sequence[Floats], window: int | None) -> ConsistencyModel:
    """Fit the consistency model on scaled training rows.

    The conditional residual of channel j given all others, in units of its own spread, is ``(P s)_j / sqrt(P_jj)`` with
    ``P`` the inverse correlation matrix (Whittaker, Graphical Models in Applied Multivariate Statistics, 1990, 5.8).
    The innovation is what a ridge regression on the three previous readings leaves.

    Parameters
    ----------
    segments
        Arrays [n, F] of consecutive rows, scaled; no memory is carried from one to the next.
    window
        Readings in the rolling median that residuals are compared with; ``None`` does not recentre them.

    Raises
    ------
    TrainingError
        No segment is long enough to fill the memories.
    """
    scaled = np.concatenate(segments)
    columns = scaled.shape[1]
    correlation = np.atleast_2d(np.corrcoef(scaled, rowvar=False)) + _SINGULAR * np.eye(columns)
    precision = np.linalg.inv(correlation)
    conditional = precision / np.sqrt(np.diag(precision))[None, :]

    runs = Runs([FeatureState(columns, window) for _ in segments], map(len, segments))
    past = compute_features(scaled, scaled @ conditional, runs)
    recentred = past.residual - past.baseline
    least = SHORT_WINDOW + (BASELINE_LEAST if window is not None else 0)
    if max(map(len, segments)) <= least:
        raise TrainingError(
            f"got {max(map(len, segments))} consecutive rows at most, expected more than {least}; "
            "fix: a longer record, or one with fewer gaps"
        )
    known = np.isfinite(past.lags).all(axis=1)
    lags = np.column_stack([past.lags[known], np.ones(known.sum())])
    penalty = _RIDGE * np.eye(LAGS * columns + 1)
    penalty[-1, -1] = 0.0
    innovation = np.linalg.solve(lags.T @ lags + penalty, lags.T @ scaled[known])
    covariance = np.atleast_2d(np.cov(scaled[known] - lags @ innovation, rowvar=False))
    return ConsistencyModel(
        conditional=conditional,
        inverse=np.asarray(np.linalg.inv(conditional)),
        innovation=innovation,
        whitening=np.linalg.cholesky(np.linalg.inv(covariance + 1e-12 * np.eye(columns))),
        spread=np.nanstd(recentred, axis=0),
        average_spread=np.nanstd(past.average, axis=0),
        flat=np.nanquantile(past.spread, _FLAT, axis=0),
    )
