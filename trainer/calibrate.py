"""Out-of-fold p-value tables: how unusual a reconstruction error is on rows that the network has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from config.training import Training
from edge.manifest import Network
from edge.verdict import SCORE_CAP
from trainer.fit import fit
from trainer.models import row_errors, seeded
from trainer.record import Record
from trainer.splits import Split
from trainer.transform import fit_scaler

Vector = NDArray[np.float64]

BODY = 0.98
"""Below this quantile the table is the empirical distribution, above it a fitted tail."""
BODY_KNOTS = 200
TAIL_KNOTS = 120


def _tail(excess: Vector) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution by probability-weighted moments, shape within [0, .5].

    Source: Hosking and Wallis, Technometrics 29 (1987) 339-349; the scale follows from the mean once the shape is
    clipped.
    """
    ordered = np.sort(excess)
    count = len(ordered)
    first = ordered.mean()
    second = np.mean(ordered * (count - 1 - np.arange(count)) / max(count - 1, 1))
    shape = 2 - first / (first - 2 * second) if first > 2 * second else 0.5
    shape = float(np.clip(shape, 0.0, 0.5))
    return shape, float(first * (1 - shape))


def p_value_table(errors: Vector) -> tuple[Vector, Vector]:
    """Make the table that turns a raw error into -log10 of its p-value.

    Parameters
    ----------
    errors
        Out-of-fold errors [N] of clean rows.

    Returns
    -------
    error, score
        Knots [K]: error increasing, score = -log10 p non-decreasing in [0, 12]; read by linear interpolation, clamped
        at both ends. The empirical distribution up to the 98 % point (lower where that leaves fewer than 20 rows
        above), a generalised Pareto tail above.
    """
    ordered = np.sort(errors)
    count = len(ordered)
    above = min(max(int(np.ceil((1 - BODY) * count)), 20), count // 2)
    cut = count - above
    # p = (rows at least as large + 1) / (N + 1), the conformal p-value, so that it is never 0.
    rank = np.unique(np.linspace(0, cut, BODY_KNOTS).astype(int))
    error, score = ordered[rank], -np.log10((count - rank + 1) / (count + 1))
    threshold, share = ordered[cut], (above + 1) / (count + 1)
    excess = ordered[cut:] - threshold
    if excess.max() > 0:
        shape, scale = _tail(excess)
        tail_score = np.linspace(-np.log10(share), SCORE_CAP, TAIL_KNOTS + 1)[1:]
        survival = 10.0**-tail_score / share
        beyond = -scale * np.log(survival) if shape < 1e-9 else scale / shape * (survival**-shape - 1)
        error, score = np.append(error, threshold + beyond), np.append(score, tail_score)
    # Equal errors: the first of them has the p-value of all.
    rising = np.append(True, np.diff(np.maximum.accumulate(error)) > 0)
    return error[rising], score[rising]


@dataclass(frozen=True)
class Calibration:
    """An out-of-fold table and the networks it came from.

    Parameters
    ----------
    error, score
        Knots of the table, see :func:`p_value_table`.
    errors
        The pooled out-of-fold errors [N], in the order of the rows they belong to.
    weights
        One set of weights per fold.
    """

    error: Vector
    score: Vector
    errors: Vector
    weights: list[dict[str, Tensor]]


def calibrate(
    record: Record, split: Split, network: Network, settings: Training, progress: TextIO | None = None
) -> Calibration:
    """Score every training and validation row by a network that was fitted without its neighbourhood.

    The rows are cut into contiguous pieces, the pieces dealt to ``settings.chunks`` folds; for each fold scaler and
    network are fitted anew on the other folds (stopped by their validation rows) and score the fold's rows.

    Parameters
    ----------
    record, split
        Rows, and which of them are training and validation.
    network
        What to fit; its name in the progress bar comes from its kind.
    settings
        As for the shipped network.

    Raises
    ------
    TrainingError
        As in :func:`trainer.fit.fit` and :func:`trainer.transform.fit_scaler`.
    """
    rows = np.union1d(split.train, split.validation)
    is_validation = np.isin(rows, split.validation)
    fold = np.arange(len(rows)) * settings.chunks // len(rows)
    errors = np.empty(len(rows))
    weights = []
    for k in range(settings.chunks):
        train, validation = rows[(fold != k) & ~is_validation], rows[(fold != k) & is_validation]
        scaler = fit_scaler(record.values[train], record.station, settings.scaler)
        model = seeded(network, record.station.size, settings.seed)
        fit(
            model,
            scaler.forward(record.values[train]).astype(np.float32),
            scaler.forward(record.values[validation]).astype(np.float32),
            settings,
            seed=settings.seed,
            progress=progress,
            label=f"calibration {k + 1}/{settings.chunks}",
        )
        errors[fold == k] = row_errors(model, scaler.forward(record.values[rows[fold == k]]), settings.loss)
        weights.append(model.state_dict())
    error, score = p_value_table(errors)
    return Calibration(error, score, errors, weights)
