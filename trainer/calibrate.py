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
from trainer.splits import Rows, Split, chunks
from trainer.transform import fit_scaler

Vector = NDArray[np.float64]

BODY = 0.98
"""Below this quantile the table is the empirical distribution, above it a fitted tail."""
BODY_KNOTS = 200
TAIL_KNOTS = 120
PIECE = 100
"""Rows of a piece that is held out: several of a thermostat's cycles, so that a row's neighbours do not give it away,
and shorter than a regime, so that the p-value is about unseen time and not about unseen regimes."""
FENCE = 1.5
"""Interquartile ranges above the third quartile (Tukey) beyond which a piece counts as disturbed.

Chosen with ``PIECE`` on three boards: 100 and 1.5 realise .6-3.1 % for 1 % and .1 % for 0.1 % on held-out blocks, and
nine of ten readings with a resistance x 1.3 stay beyond the 0.1 % threshold. With 160 and 3 it is one in a hundred, and
with whole regimes held out, or nothing left out, none; with 60 and 1.5 up to 5 % are realised for 1 %.
"""


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
    error, score = ordered[rank], -np.log10((count - rank + 1) / (count + 1)) + 0.0  # no -0
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
    rows
        Rows whose out-of-fold errors made it.
    disturbed
        Rows left out of it, see :func:`calibrate`.
    weights
        One set of weights per fold.
    """

    error: Vector
    score: Vector
    rows: int
    disturbed: int
    weights: list[dict[str, Tensor]]


def calibrate(
    record: Record, split: Split, network: Network, settings: Training, progress: TextIO | None = None
) -> Calibration:
    """Make the p-value table from rows that were scored by a network which had not seen them.

    Training and validation rows are cut into contiguous pieces of about :data:`PIECE` rows, the pieces dealt to
    ``settings.chunks`` folds. For each fold, scaler and network are fitted anew on the others (stopped by their
    validation rows) and score its rows. Pieces that are disturbed are left out of the table: those whose 90 % quantile
    of the error is far above that of the others (warm-up, an opened door). A p-value is about undisturbed readings,
    and one per cent of the rows, a thousand times as wrong as the others, would put every threshold out of reach.

    Parameters
    ----------
    record, split
        Rows, and which of them are training and validation.
    network
        What to fit.
    settings
        As for the shipped network.

    Raises
    ------
    TrainingError
        As in :func:`trainer.fit.fit` and :func:`trainer.transform.fit_scaler`.
    """
    rows = np.union1d(split.train, split.validation)
    folds = settings.chunks
    pieces = chunks(record, folds * max(1, round(len(rows) / (folds * PIECE))), rows)
    errors = np.empty(len(record.values))
    weights = []
    for k in range(folds):
        left_out = np.concatenate(pieces[k::folds])
        train, validation = np.setdiff1d(split.train, left_out), np.setdiff1d(split.validation, left_out)
        scaler = fit_scaler(record.values[train], record.station, settings.scaler)
        model = seeded(network, record.station.size, settings.seed)
        fit(
            model,
            scaler.forward(record.values[train]).astype(np.float32),
            scaler.forward(record.values[validation]).astype(np.float32),
            settings,
            seed=settings.seed,
            progress=progress,
            label=f"calibration {k + 1}/{folds}",
        )
        errors[left_out] = row_errors(model, scaler.forward(record.values[left_out]), settings.loss)
        weights.append(model.state_dict())
    kept = np.concatenate(_undisturbed(pieces, errors))
    error, score = p_value_table(errors[kept])
    return Calibration(error, score, len(kept), len(rows) - len(kept), weights)


def _undisturbed(pieces: list[Rows], errors: Vector) -> list[Rows]:
    """Pieces whose logarithmic error lies below the fence of all pieces'."""
    strange = np.array([np.log(np.quantile(errors[piece], 0.9)) for piece in pieces])
    low, high = np.quantile(strange, [0.25, 0.75])
    return [piece for piece, one in zip(pieces, strange, strict=True) if one <= high + FENCE * (high - low)]
