"""Fits the Gaussian mixture that codes are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from edge.arrays import Floats
from edge.models.generator import pack_roots, unpack_roots
from trainer.data.phase import move_bar, phase

MOST = 300
"""Most components: beyond it the bundle grows and the two-sample AUROC does not fall."""
LEAST_ROWS = 30
"""Training rows per component."""
MOST_ROWS = 40_000
"""Most rows that a mixture is fitted on, evenly spaced: it takes the memory of a number for every row and component."""
REGULARISATION = 1e-3
"""Added to each variance; with 1e-6, components shrink onto few rows, and held-out rows become unlikely."""
CANDIDATES = (100, 200, 300)
WITHIN = 0.3
"""Distance [nat] from the best held-out log-likelihood; within it, the largest count has the lowest C2ST AUROC."""
HELD_OUT = 0.15
"""Share of the rows that a search evaluates on."""
_DRAWN = 20_000  # rows at a time
_MOST_STEPS = 100  # of expectation maximisation, as scikit-learn has it


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture: component k with probability ``weights[k]``, then ``means[k] + roots[k] @ normal``.

    Parameters
    ----------
    weights, means, roots
        Arrays [K], [K, L] and [K, L, L]; the roots are lower triangular.
    """

    weights: Floats
    means: Floats
    roots: Floats

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw codes [n, L]."""
        borders = np.cumsum(self.weights)
        chosen = np.searchsorted(borders / borders[-1], rng.random(n), side="right")
        normal = rng.standard_normal((n, self.means.shape[1]))
        codes = self.means[chosen]
        for start in range(0, n, _DRAWN):  # a root for each row takes L times the memory of the codes
            part = slice(start, start + _DRAWN)
            codes[part] += np.einsum("nij,nj->ni", self.roots[chosen[part]], normal[part])
        return np.asarray(codes)

    def log_likelihood(self, codes: Floats) -> float:
        """Return the mean log-density [nat] of codes [N, L]."""
        size = codes.shape[1]
        inverse = np.linalg.inv(self.roots)
        logs = np.log(self.weights) - np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        total = []
        for part in np.array_split(codes, max(1, len(codes) // 500)):
            white = np.einsum("kij,nkj->nki", inverse, part[:, None] - self.means)
            exponent = logs - 0.5 * np.square(white).sum(axis=2)
            largest = exponent.max(axis=1)
            total.append(largest + np.log(np.exp(exponent - largest[:, None]).sum(axis=1)))
        return float(np.concatenate(total).mean() - 0.5 * size * np.log(2 * np.pi))

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean [L] and covariance [L, L]."""
        mean = self.weights @ self.means
        centred = self.means - mean
        within = np.einsum("k,kij,klj->il", self.weights, self.roots, self.roots)
        return mean, within + np.einsum("k,ki,kj->ij", self.weights, centred, centred)


def fit_mixture(
    codes: Floats, seed: int, *, components: int | None = None, search: bool = False, progress: TextIO | None = None
) -> Mixture:
    """Fit a mixture with full covariances by scikit-learn's expectation maximisation, on one thread.

    Parameters
    ----------
    codes
        Codes [N, L], one draw per training row; of more than 40,000, evenly spaced ones.
    seed
        Seed of the first guess, and of the rows that a search holds out.
    components
        Number of components, at most a thirtieth of the rows; ``None`` means that many, at most 300.
    search
        Choose the number on 15 % of the rows instead: the largest within .3 nat of the best (three more fits).
    progress
        Where a progress bar is drawn; ``None`` draws none.
    """
    codes = codes[:: -(-len(codes) // MOST_ROWS)]
    most = max(1, len(codes) // LEAST_ROWS)
    count = min(components or MOST, most)
    with threadpool_limits(limits=1):  # as fast as more, and the order of sums does not depend on the machine
        if search:
            count = _search(codes, seed, most)
        with phase("mixture", _MOST_STEPS, progress if count > 1 else None, unit="step", least=0):
            return _fit(codes, count, seed)


def _search(codes: Floats, seed: int, most: int) -> int:
    candidates = sorted({k for k in CANDIDATES if k <= most} | ({most} if most < MOST else set()))
    order = np.random.default_rng(seed).permutation(len(codes))
    held_out, rest = np.split(codes[order], [max(1, round(HELD_OUT * len(codes)))])
    found = {k: _fit(rest, min(k, len(rest)), seed).log_likelihood(held_out) for k in candidates}
    best = max(found.values())
    return max(k for k, value in found.items() if value >= best - WITHIN)


def _fit(codes: Floats, count: int, seed: int) -> Mixture:
    from sklearn.mixture import GaussianMixture  # slow to import, and needed only here

    class Watched(GaussianMixture):  # type: ignore[misc]
        def _m_step(self, *args: Any, **options: Any) -> None:
            super()._m_step(*args, **options)
            move_bar(1)

    model = Watched(
        count,
        covariance_type="full",
        reg_covar=REGULARISATION,
        random_state=seed % 2**32,
        max_iter=_MOST_STEPS,
    )
    model.fit(codes.astype(np.float32))  # single precision takes half the time
    weights, means, covariances = (
        np.asarray(part, dtype=np.float64) for part in (model.weights_, model.means_, model.covariances_)
    )
    # Rounded as in a bundle, so that the shipped mixture is the one calibrated and measured.
    roots = unpack_roots(pack_roots(np.linalg.cholesky(covariances)), codes.shape[1]).astype(np.float64)
    return Mixture(weights / weights.sum(), means, roots)
