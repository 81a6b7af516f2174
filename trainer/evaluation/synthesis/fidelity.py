"""Measures how closely synthetic rows are distributed like real ones, column by column and pair by pair."""

from __future__ import annotations

import numpy as np
from scipy.stats import ks_2samp, rankdata, skew, wasserstein_distance

from config.settings.station import Station
from edge.arrays import AnyFloats, Floats
from trainer.evaluation.synthesis.results import Fidelity


def fidelity(real: Floats, rows: Floats, station: Station) -> Fidelity:
    """Compare rows [M, F] with real ones [N, F], both in the station's units; no column of the real ones is constant.

    A mean over the columns hides one that is wrong, and a table of correlated pairs hides methane, whose correlations
    are weak: hence the spread of every column, and all pairs.
    """
    spread = real.std(axis=0)
    areas = [wasserstein_distance(x, y) for x, y in zip(real.T, rows.T, strict=True)]
    gas = station.gas_index
    return Fidelity(
        ks=mean_ks(real, rows),
        wasserstein=float(np.mean(areas / spread)),
        std_ratio=dict(zip(station.keys, (rows.std(axis=0) / spread).tolist(), strict=True)),
        pearson=_correlation_difference(real, rows),
        spearman=_correlation_difference(rankdata(real, axis=0), rankdata(rows, axis=0)),
        gas_skewness=float("nan") if gas is None else float(skew(rows[:, gas]) / skew(real[:, gas])),
        gas_p99=float("nan")
        if gas is None
        else float(np.quantile(rows[:, gas], 0.99) / np.quantile(real[:, gas], 0.99)),
    )


def mean_ks(one: AnyFloats, other: AnyFloats) -> float:
    """Return the mean over the columns of the Kolmogorov-Smirnov statistic of rows [N, F] and [M, F]."""
    # The exact p-value, which nobody reads, would take far longer than the statistic.
    return float(np.mean([ks_2samp(x, y, method="asymp").statistic for x, y in zip(one.T, other.T, strict=True)]))


def _correlation_difference(a: Floats, b: Floats) -> float:
    """Mean absolute difference of two correlation matrices above the diagonal; a constant column correlates by 0."""
    pairs = np.triu_indices(a.shape[1], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ours, theirs = (np.nan_to_num(np.atleast_2d(np.corrcoef(values, rowvar=False))[pairs]) for values in (a, b))
    return float(np.abs(ours - theirs).mean())
