"""Detectors of the textbook and of practice, with and without a memory, on the same rows as ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from config.settings.station import Station
from edge.arrays import Floats, Mask
from edge.models.pvalue import PValueTable
from edge.models.scaler import Scaler
from field_study.field_record import hold
from trainer.data.scaler import fit_scaler
from trainer.evaluation.budget import replay_thresholds
from trainer.evaluation.detection.peers import Score, fit_peers
from trainer.scoring.p_values import p_value_table

WINDOW, LEAST = 240, 20
"""Readings of the rolling median, and the fewest before there is one."""
LAGS = 3
NEIGHBOUR, NEIGHBOURS = 5, 2000
MIXTURE = 20


@dataclass(frozen=True)
class FieldPeer:
    """A fitted detector.

    Parameters
    ----------
    name
        Name in the tables.
    score
        Held readings [N, F] of consecutive rows -> scores [N], the larger the stranger; nan: none.
    table
        P-values of the training rows, in sample, as published.
    """

    name: str
    score: Score
    table: PValueTable

    def raw(self, values: Floats) -> Floats:
        """Return the score of each row [N], of which missing cells are held; nan: none."""
        held = hold(values)
        known = np.isfinite(held).all(axis=1)
        scores = np.full(len(held), np.nan)
        scores[known] = self.score(held[known])
        return scores

    def decades(self, values: Floats) -> Floats:
        """Return -log10 of the p-value of each row [N]; nan: no score."""
        return self.table.score(self.raw(values))


def fit_field_peers(rows: Floats, station: Station, *, epochs: int | None, seed: int = 42) -> tuple[FieldPeer, ...]:
    """Fit the peers of ``davylamp evaluate``, and six more, on complete training rows [N, F].

    The six: the distance to the fifth neighbour and a Gaussian mixture of 20, both on conditional residuals minus
    their rolling median of 240; the Mahalanobis length of what a VAR(3) leaves; the largest distance from a rolling
    median in rolling MADs; COPOD (Li et al., 2020) and ECOD (Li et al., 2022).
    """
    every = np.arange(len(rows))
    plain = fit_peers(rows, station, every, every[every % 6 == 0], epochs=epochs, seed=seed)
    scores = {**{peer.name: peer.score for peer in plain}, **dict(_more(rows, station, seed))}
    return tuple(FieldPeer(name, score, p_value_table(score(rows))) for name, score in scores.items())


def follow(decades: Floats, rate: float, learning: Mask) -> Mask:
    """Return which scores exceed under a threshold that follows by the gateway's rule, learning from some rows [N]."""
    return replay_thresholds(decades, rate, teaches=learning).exceeds


def _more(train: Floats, station: Station, seed: int) -> Iterator[tuple[str, Score]]:
    from sklearn.mixture import GaussianMixture  # slow to import
    from sklearn.neighbors import NearestNeighbors

    scaler = fit_scaler(train, station, "log")
    z = scaler.forward(train)
    precision = np.linalg.inv(np.corrcoef(z.T) + 1e-6 * np.eye(z.shape[1]))
    weights = precision / np.sqrt(np.diag(precision))

    def recentred(x: Floats) -> Floats:
        residual = scaler.forward(x) @ weights
        return _less_median(residual)[0]

    usual = recentred(train)
    usual = usual[np.isfinite(usual).all(axis=1)]
    spread = usual.std(axis=0)
    near = usual[np.linspace(0, len(usual) - 1, min(NEIGHBOURS, len(usual))).astype(int)] / spread
    neighbours = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(near))).fit(near)
    mixture = GaussianMixture(MIXTURE, reg_covar=1e-4, random_state=seed).fit(usual / spread)
    lags, matrix = _var(z)
    yield (
        "kNN, recentred residuals",
        lambda x: _known(recentred(x) / spread, lambda r: np.asarray(neighbours.kneighbors(r)[0][:, -1])),
    )
    yield (
        f"mixture of {MIXTURE}, recentred",
        lambda x: _known(recentred(x) / spread, lambda r: -np.asarray(mixture.score_samples(r))),
    )
    yield f"VAR({LAGS}), Mahalanobis", lambda x: _innovations(scaler.forward(x), lags, matrix)
    yield f"rolling MAD {WINDOW}", lambda x: _rolling_mad(scaler, x)
    ordered = np.sort(z, axis=0)
    skewed = np.sign(((z - z.mean(axis=0)) ** 3).mean(axis=0))
    yield "COPOD", lambda x: _tails(ordered, skewed, scaler.forward(x), "copod")
    yield "ECOD", lambda x: _tails(ordered, skewed, scaler.forward(x), "ecod")


def _less_median(x: Floats) -> tuple[Floats, Floats]:
    """Return rows less the median of the rows before [N, F], and that median; nan while there are too few."""
    median = pd.DataFrame(x).rolling(WINDOW, min_periods=LEAST).median().shift(1).to_numpy()
    return x - median, median


def _rolling_mad(scaler: Scaler, x: Floats) -> Floats:
    z = scaler.forward(x)
    away, _ = _less_median(z)
    mad = pd.DataFrame(np.abs(away)).rolling(WINDOW, min_periods=LEAST).median().shift(1).to_numpy()
    return np.asarray((np.abs(away) / np.maximum(1.4826 * mad, 1e-3)).max(axis=1))


def _known(rows: Floats, score: Score) -> Floats:
    found = np.full(len(rows), np.nan)
    there = np.isfinite(rows).all(axis=1)
    if there.any():
        found[there] = score(rows[there])
    return found


def _lagged(z: Floats) -> Floats:
    rows = [z[LAGS - lag : len(z) - lag] for lag in range(1, LAGS + 1)]
    return np.hstack([*rows, np.ones((len(z) - LAGS, 1))])


def _var(z: Floats) -> tuple[Floats, Floats]:
    before, now = _lagged(z), z[LAGS:]
    weights = np.linalg.solve(before.T @ before + np.eye(before.shape[1]), before.T @ now)
    left = now - before @ weights
    return np.asarray(weights), np.asarray(np.linalg.inv(np.cov(left.T) + 1e-9 * np.eye(z.shape[1])), dtype=np.float64)


def _innovations(z: Floats, weights: Floats, matrix: Floats) -> Floats:
    found = np.full(len(z), np.nan)
    if len(z) > LAGS:
        left = z[LAGS:] - _lagged(z) @ weights
        found[LAGS:] = np.einsum("ij,jk,ik->i", left, matrix, left)
    return found


def _tails(ordered: Floats, skewed: Floats, z: Floats, kind: str) -> Floats:
    """Return the sum of the columns' -ln tail probabilities: left, right, by skewness; the largest of the three."""
    count = len(ordered)
    pairs = list(zip(ordered.T, z.T, strict=True))
    left = np.column_stack([np.searchsorted(known, x, side="right") for known, x in pairs])
    right = np.column_stack([count - np.searchsorted(known, x, side="left") for known, x in pairs])
    low, high = (-np.log((np.clip(one, 0, count) + 1) / (count + 1)) for one in (left, right))
    by_skew = np.where(skewed < 0, low, high)
    if kind == "copod":
        return np.asarray(np.maximum(by_skew, (low + high) / 2).sum(axis=1))
    return np.asarray(np.max([low.sum(axis=1), high.sum(axis=1), by_skew.sum(axis=1)], axis=0))
