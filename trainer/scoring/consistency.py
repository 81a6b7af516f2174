"""Fits the linear part of the scores: how channels follow from one another and from their previous readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.arrays import Floats, Mask
from edge.models.consistency import ConsistencyModel
from edge.models.features import BASELINE_LEAST, LAGS, SHORT_WINDOW, Features, FeatureState
from edge.models.windows import Windows
from trainer.errors import TrainingError
from trainer.scoring.measure import Memories, compute_past

_RIDGE = 1.0  # on the weights of the lags, not on the intercept
_SINGULAR = 1e-6  # added to the correlation's diagonal: two channels may be copies of one another
_FLAT = 0.01
_STANDING = 0.001  # share of windows without a change above which a dead channel would not exceed by its flat line
_REPEATED = 0.6  # share of repeated values above which this share of windows would be reached by chance
_LEAST_REFRESH = 3.0  # readings
_LEAST_WINDOWS = 100  # for the 1 % quantile of their standard deviations
_NO_MEDIAN = Windows(recenter=None)


def fit_consistency(
    segments: Sequence[Floats],
    windows: Windows,
    slow: Mask | None = None,
    *,
    held: Mask | None = None,
    memories: Memories | None = None,
) -> ConsistencyModel:
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
    slow
        Which channels are slow, [F]; ``None`` finds out, see :func:`find_slow`.
    held
        Cells of all rows that hold the last good value, [N, F]. Rows that have some are only the past of others; in a
        flat line no cell may be held, unless that leaves fewer than 100 windows of a channel.
    memories
        Pieces of each segment, as places among the N rows, between which the latest readings are forgotten; ``None``:
        each segment is one piece.

    Raises
    ------
    TrainingError
        No segment is long enough to fill the memories, or too few rows are without a held cell.
    """
    scaled = np.concatenate(segments)
    columns = scaled.shape[1]
    if held is None:
        held = np.zeros(scaled.shape, dtype=np.bool_)
    if memories is None:
        memories = [[place] for place in np.split(np.arange(len(scaled)), np.cumsum([*map(len, segments)])[:-1])]
    intact = np.asarray(~held.any(axis=1))
    correlation = np.atleast_2d(np.corrcoef(_only(scaled, intact), rowvar=False)) + _SINGULAR * np.eye(columns)
    precision = np.linalg.inv(correlation)
    conditional = precision / np.sqrt(np.diag(precision))[None, :]

    past = compute_past(scaled, scaled @ conditional, memories, windows)
    recentred = _only(past.residual - past.baseline, intact)
    _refuse_short(past, intact, segments, windows)
    known = np.isfinite(past.lags).all(axis=1) & intact
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
        average_spread=np.nanstd(_only(past.average, intact), axis=0),
        flat=np.nanquantile(_measured_windows(past.spread, held, memories), _FLAT, axis=0),
        refresh=_refresh(segments, find_slow(segments, held) if slow is None else slow, held),
    )


def _only(rows: Floats, chosen: Mask) -> Floats:
    """Return the chosen rows [N, F]; all of them without a copy, whose order in memory would change the last bits."""
    return rows if chosen.all() else rows[chosen]


def _refuse_short(past: Features, intact: Mask, segments: Sequence[Floats], windows: Windows) -> None:
    """Refuse rows of which none has every memory filled.

    Raises
    ------
    TrainingError
        None has.
    """
    least = max(SHORT_WINDOW, LAGS * windows.lag) + (BASELINE_LEAST if windows.recenter is not None else 0)
    longest = max(map(len, segments))
    filled = np.isfinite(past.baseline).all(axis=1) & np.isfinite(past.spread).all(axis=1) & intact
    filled &= np.isfinite(past.lags).all(axis=1)
    if longest <= least or not filled.any():
        raise TrainingError(
            f"got {longest} consecutive rows at most, expected more than {least}; "
            "fix: a longer record, or one with fewer gaps"
        )


def _measured_windows(spread: Floats, held: Mask, memories: Memories) -> Floats:
    """Return standard deviations of 12 readings [N, F], nan where one of the 12 is held, if enough are left."""
    if not held.any():
        return spread
    recent = held.copy()
    for memory in memories:
        for piece in memory:
            cells = held[piece]
            for back in range(1, min(SHORT_WINDOW, len(piece))):
                recent[piece[back:]] |= cells[:-back]
    measured = np.where(recent, np.nan, spread)
    few = np.isfinite(measured).sum(axis=0) < _LEAST_WINDOWS
    # A channel that is held again and again: then as a gateway would measure it, where it is not held.
    measured[:, few] = np.where(held, np.nan, spread)[:, few]
    return measured


def find_slow(segments: Sequence[Floats], held: Mask | None = None) -> Mask:
    """Return which channels [F] are slow: most rows [n, F] repeat their value, or 12 in a row do more than rarely.

    A channel that the station refreshes less often than it sends is slow, and so is one in coarse steps that stands
    still for long. One that repeats its value now and then is not: 12 readings tell whether it is stuck. Cells that are
    ``held`` [N, F] repeat nothing, and are left out.
    """
    equal = _count_equal(segments, held)
    slow = (_share(equal > 1, equal) > _REPEATED) | (_share(equal >= SHORT_WINDOW, equal) > _STANDING)
    return np.asarray(slow)


def _share(rows: Mask, known: Floats) -> Floats:
    """Return the share [F] of rows among those that are known."""
    return np.asarray(rows.sum(axis=0) / np.maximum(np.isfinite(known).sum(axis=0), 1))


def _count_equal(segments: Sequence[Floats], held: Mask | None) -> Floats:
    """Count the measured readings in a row, up to each, that have its value [N, F]; nan where it is held."""
    columns = segments[0].shape[1]
    counts = np.concatenate([FeatureState(columns, _NO_MEDIAN).count_equal(rows) for rows in segments])
    if held is None or not held.any():
        return counts
    starts = np.cumsum([0, *map(len, segments)])
    for column in np.flatnonzero(held.any(axis=0)).tolist():
        counts[held[:, column], column] = np.nan
        for rows, start in zip(segments, starts.tolist(), strict=False):
            measured = np.flatnonzero(~held[start : start + len(rows), column])
            if len(measured) and len(measured) < len(rows):
                counts[start + measured, column] = FeatureState(1, _NO_MEDIAN).count_equal(rows[measured][:, [column]])[
                    :, 0
                ]
    return counts


def _refresh(segments: Sequence[Floats], slow: Mask, held: Mask | None) -> Floats:
    """Return in how many readings each slow channel changes as a rule, [F]; 1 for the others."""
    equal = _count_equal(segments, held)
    quantile = np.quantile if np.isfinite(equal).all() else np.nanquantile
    usual, long = quantile(equal, (0.99, 0.999), axis=0)
    return np.where(slow, np.maximum.reduce([usual, long / 2, np.full_like(usual, _LEAST_REFRESH)]), 1.0)
