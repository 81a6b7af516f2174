"""Leak: how much better a model looks when the rows to test on are neighbours of those it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from edge.arrays import Floats, Indices
from trainer.exploring.raw_record import RawRecord

LEAST = 200
_MOST = 15_000  # rows: the answer does not change with more
_FOLDS, _TREES, _BLOCKS = 5, 60, 30


@dataclass(frozen=True)
class SplitLeakage:
    """One regression, judged twice.

    Parameters
    ----------
    target
        Key of the column that is told from all the others.
    blocks
        What is held out together when time counts: ``episodes`` of the gas, or ``blocks`` of equal length.
    shuffled, blocked
        Coefficient of determination on rows held out at random, and on whole blocks [-].
    every
        Of so many rows one was looked at.
    """

    target: str
    blocks: str
    shuffled: float
    blocked: float
    every: int


def split_leakage(sheet: RawRecord, starts: Sequence[int], *, seed: int = 0) -> SplitLeakage | None:
    """Tell the gas (or, where there is none, the first column that moves) from the other columns by boosted trees.

    Parameters
    ----------
    sheet
        The rows.
    starts
        Where episodes begin; with five or more, what is held out is cut there.
    seed
        Of the shuffling and the trees.

    Returns
    -------
    Leak
        ``None``: there are less than 200 rows, or nothing moves.
    """
    target = sheet.station.gas_index
    if target is None:
        target = next((j for j, column in enumerate(sheet.thin.T) if np.nanstd(column) > 0), 0)
    rows = np.flatnonzero(np.isfinite(sheet.values[:, target]))
    step = max(1, -(-len(rows) // _MOST))
    rows = rows[::step]
    truth = sheet.values[rows, target]
    others = np.delete(sheet.values[rows], target, axis=1)
    if len(rows) < LEAST or np.ptp(truth) == 0 or not np.isfinite(others).any():
        return None
    at_onsets = len(starts) >= _FOLDS
    edges = [0, *starts] if at_onsets else [sheet.rows * i // _BLOCKS for i in range(_BLOCKS)]
    blocks = (np.searchsorted(edges, rows, side="right") - 1).clip(0) % _FOLDS
    shuffled = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    return SplitLeakage(
        target=sheet.station.keys[target],
        blocks="episodes" if at_onsets else "blocks",
        shuffled=_told(others, truth, shuffled, seed),
        blocked=_told(others, truth, blocks, seed),
        every=step,
    )


def _told(others: Floats, truth: Floats, fold: Indices, seed: int) -> float:
    from sklearn.ensemble import HistGradientBoostingRegressor  # slow to import

    guess = np.empty_like(truth)
    # On more threads trees this small are no faster, and many times slower where others want the processor, too.
    with threadpool_limits(1):
        for one in range(_FOLDS):
            out = fold == one
            there = np.isfinite(others[~out]).any(axis=0)  # trees refuse a column of nothing
            trees = HistGradientBoostingRegressor(max_iter=_TREES, early_stopping=False, random_state=seed)
            trees.fit(others[~out][:, there], truth[~out])
            guess[out] = trees.predict(others[out][:, there])
    return float(1 - np.mean((guess - truth) ** 2) / truth.var())
