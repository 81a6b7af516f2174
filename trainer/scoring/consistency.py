"""Fits the linear part of the scores: how channels follow from one another and from their previous readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats, Mask
from edge.models.consistency import ConsistencyModel
from edge.models.features import BASELINE_LEAST, LAGS, SHORT_WINDOW, FeatureState, Runs, compute_features
from edge.models.windows import Windows
from trainer.errors import TrainingError

_RIDGE = 1.0  # on the weights of the lags, not on the intercept
_SINGULAR = 1e-6  # added to the correlation's diagonal: two channels may be copies of one another
_FLAT = 0.01
_STANDING = 0.001  # share of windows without a change above which a dead channel would not exceed by its flat line
_REPEATED = 0.6  # share of repeated values above which this share of windows would be reached by chance
_LEAST_REFRESH = 3.0  # readings


def fit_consistency(segments: Sequence[Floats], windows: Windows, slow: Mask | None = None) -> ConsistencyModel:
    """Fit the consistency model on scaled training rows.

    The conditional residual of channel j given all others, in units of its own spread, is ``(P s)_j / sqrt(P_jj)`` with
    ``P`` the inverse correlation matrix (Whittaker, Graphical Models in Applied Multivariate Statistics, 1990, 5.8).
    The innovation is what a ridge regression on the three previous readings leaves.

    Parameters
    ----------
    segments
        Arrays [n, F] of consecutive rows, scaled; no memory is carried from one to the next.
    windows
        How far back the residuals' rolling medians reach, and how far apart the three readings are.

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

    runs = Runs([FeatureState(columns, windows) for _ in segments], map(len, segments))
    past = compute_features(scaled, scaled @ conditional, runs)
    recentred = past.residual - past.baseline
    least = SHORT_WINDOW + (BASELINE_LEAST if windows.recenter is not None else 0)
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
        refresh=_refresh(segments, find_slow(segments) if slow is None else slow),
    )


def find_slow(segments: Sequence[Floats]) -> Mask:
    """Return which channels [F] are slow: most rows [n, F] repeat their value, or 12 in a row do more than rarely.

    A channel that the station refreshes less often than it sends is slow, and so is one in coarse steps that stands
    still for long. One that repeats its value now and then is not: 12 readings tell whether it is stuck.
    """
    equal = _count_equal(segments)
    slow = (np.mean(equal > 1, axis=0) > _REPEATED) | (np.mean(equal >= SHORT_WINDOW, axis=0) > _STANDING)
    return np.asarray(slow)


def _count_equal(segments: Sequence[Floats]) -> Floats:
    """Count the readings in a row, up to each, that have its value [N, F]."""
    columns = segments[0].shape[1]
    return np.concatenate([FeatureState(columns, Windows(recenter=None)).count_equal(rows) for rows in segments])


def _refresh(segments: Sequence[Floats], slow: Mask) -> Floats:
    """Return in how many readings each slow channel changes as a rule, [F]; 1 for the others."""
    equal = _count_equal(segments)
    usual, long = np.quantile(equal, (0.99, 0.999), axis=0)
    return np.where(slow, np.maximum.reduce([usual, long / 2, np.full_like(usual, _LEAST_REFRESH)]), 1.0)
