"""Correlated first-order autoregressive noise, vectorised."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats


def autoregressive(rng: np.random.Generator, rows: int, ar: ArrayLike, covariance: ArrayLike) -> Floats:
    """Draw stationary AR(1) noise x[t] = ar x[t-1] + e[t] of several channels at once.

    Parameters
    ----------
    rng
        Source of the normal deviates; ``rows * K`` are drawn.
    rows
        Length of the series.
    ar
        Lag-one coefficients [K], each in [0, 1).
    covariance
        Stationary covariance of the channels [K, K]; slightly indefinite estimates are corrected.

    Returns
    -------
    float64 [rows, K]
    """
    ar = np.asarray(ar, dtype=np.float64)
    covariance = np.asarray(covariance, dtype=np.float64)
    x = rng.standard_normal((rows, ar.size))
    # The series starts in its stationary state, so that it needs no run-in.
    x[:1] @= _root(covariance)
    x[1:] @= _root(covariance * (1.0 - np.outer(ar, ar)))
    # Doubling: after k rounds x[t] holds the sum of ar^j e[t-j] over j < 2^k.
    step = 1
    while step < rows and np.any(ar**step > 1e-12):
        x[step:] += ar**step * x[:-step]
        step *= 2
    return x


def _root(covariance: Floats) -> Floats:
    """Symmetric square root of the nearest positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
