"""Fidelity: how much synthetic rows are distributed like real ones, column by column and pair by pair."""

from __future__ import annotations

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats
from trainer.evaluation.synthesis.results import Fidelity


def fidelity(real: Floats, rows: Floats, station: Station) -> Fidelity:
    """Compare rows [M, F] with real ones [N, F], both in the station's units; no column of the real ones is constant.

    Averages over columns hide one that is wrong and tables of correlated pairs hide methane, whose correlations are
    weak: hence every column's spread, and all pairs.
    """
    spread = real.std(axis=0)
    distances = [_distances(real[:, j], rows[:, j]) for j in range(station.size)]
    gas = station.gas_index
    return Fidelity(
        ks=float(np.mean([ks for ks, _ in distances])),
        wasserstein=float(np.mean([area / one for (_, area), one in zip(distances, spread, strict=True)])),
        std_ratio=dict(zip(station.keys, (rows.std(axis=0) / spread).tolist(), strict=True)),
        pearson=_apart(real, rows),
        spearman=_apart(_ranks(real), _ranks(rows)),
        gas_skewness=float("nan") if gas is None else _skewness(rows[:, gas]) / _skewness(real[:, gas]),
        gas_p99=float("nan")
        if gas is None
        else float(np.quantile(rows[:, gas], 0.99) / np.quantile(real[:, gas], 0.99)),
    )


def _distances(a: Floats, b: Floats) -> tuple[float, float]:
    """Largest difference between the two distribution functions, and the area between them."""
    at = np.sort(np.concatenate([a, b]))
    apart = np.abs(
        np.searchsorted(np.sort(a), at, side="right") / len(a) - np.searchsorted(np.sort(b), at, side="right") / len(b)
    )
    return float(apart.max()), float(apart[:-1] @ np.diff(at))


def _apart(a: Floats, b: Floats) -> float:
    """Mean absolute difference of two correlation matrices above their diagonals; a constant column has none."""
    pairs = np.triu_indices(a.shape[1], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ours, theirs = (np.nan_to_num(np.atleast_2d(np.corrcoef(values, rowvar=False))[pairs]) for values in (a, b))
    return float(np.abs(ours - theirs).mean())


def _ranks(values: Floats) -> Floats:
    """Rank of every value in its column; ties share the mean of their ranks."""
    ranks = np.empty_like(values)
    for j, column in enumerate(values.T):
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, j] = (np.cumsum(count) - 0.5 * (count - 1))[place]
    return ranks


def _skewness(x: Floats) -> float:
    z = (x - x.mean()) / x.std()
    return float(np.mean(z**3))
