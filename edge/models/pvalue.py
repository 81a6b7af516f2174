"""Turns raw scores into -log10 of calibrated p-values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats

SCORE_CAP = 12.0
"""Largest score [-log10 p]: p-values below 1e-12 are not distinguished."""


class PValueTable:
    """A monotone table, interpolated linearly between its knots and clamped at both ends.

    Parameters
    ----------
    error
        Raw scores at the knots, [K], increasing.
    score
        -log10 of the share of undisturbed readings that score at least as high, [K], in [0, 12], non-decreasing.

    Raises
    ------
    ValueError
        The knots are not finite, increasing and in range.

    Examples
    --------
    >>> table = PValueTable([0.0, 1.0, 2.0], [0.0, 1.0, 3.0])
    >>> table.score([1.5, 9.0])
    array([2., 3.])
    """

    def __init__(self, error: ArrayLike, score: ArrayLike) -> None:
        self._error = np.asarray(error, dtype=np.float64)
        self._score = np.asarray(score, dtype=np.float64)
        if self._error.ndim != 1 or self._error.size < 2 or self._error.shape != self._score.shape:
            raise ValueError("p-value table: expected two or more knots, as many errors as scores")
        if not (np.isfinite(self._error).all() and (np.diff(self._error) > 0).all()):
            raise ValueError("p-value table: expected finite, increasing errors")
        # Phrased so that a nan among the scores fails as well.
        if not ((self._score >= 0).all() and (self._score <= SCORE_CAP).all() and (np.diff(self._score) >= 0).all()):
            raise ValueError(f"p-value table: expected non-decreasing scores in 0-{SCORE_CAP:g}")

    @property
    def knots(self) -> Floats:
        """Raw scores and their -log10 p, [2, K]."""
        return np.array([self._error, self._score])

    def score(self, raw: ArrayLike) -> Floats:
        """Return -log10 p for raw scores of any shape; a nan stays nan. The p-value itself is ``10 ** -score``."""
        return np.asarray(np.interp(np.asarray(raw, dtype=np.float64), self._error, self._score))
