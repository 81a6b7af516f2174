"""How much better a model looks when it is tested on neighbours of the rows it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from edge.arrays import Floats, Indices
from trainer.exploring.raw_record import RawRecord

LEAST = 200
"""Least rows for an answer."""
_MOST = 15_000  # rows; more do not change the answer
_SAYS, _LEAKS = 0.2, 0.05  # coefficient of determination
_FOLDS, _TREES, _BLOCKS = 5, 60, 30


@dataclass(frozen=True)
class SplitLeakage:
    """One regression, evaluated twice.

    Parameters
    ----------
    target
        Key of the column that is predicted from all the others.
    blocks
        What ``blocked`` holds out together: ``episodes`` of the gas, or ``blocks`` of equal length.
    shuffled
        Coefficient of determination on rows held out at random [-].
    blocked
        Coefficient of determination on whole blocks held out [-].
    every
        Distance of the rows used.
    """

    target: str
    blocks: str
    shuffled: float
    blocked: float
    every: int

    @property
    def tells(self) -> bool:
        """Whether the other columns say anything worth mentioning of the target, on rows held out at random."""
        return self.shuffled > _SAYS

    @property
    def leaks(self) -> bool:
        """Whether rows held out at random flatter a model of the target."""
        return self.tells and self.shuffled - self.blocked > _LEAKS


def split_leakage(record: RawRecord, starts: Sequence[int], *, seed: int = 0) -> SplitLeakage | None:
    """Predict the gas (or, without a gas column, the first column that moves) from the others by boosted trees.

    Parameters
    ----------
    record
        The rows.
    starts
        Where episodes begin; with five or more, what is held out is cut there.
    seed
        Seed of the shuffling and of the trees.

    Returns
    -------
    SplitLeakage
        ``None``: there are fewer than 200 rows, or nothing moves.
    """
    target = record.station.gas_index
    if target is None:
        target = next((j for j, column in enumerate(record.thin.T) if np.nanstd(column) > 0), 0)
    rows = np.flatnonzero(np.isfinite(record.values[:, target]))
    step = max(1, -(-len(rows) // _MOST))
    rows = rows[::step]
    truth = record.values[rows, target]
    others = np.delete(record.values[rows], target, axis=1)
    if len(rows) < LEAST or np.ptp(truth) == 0 or not np.isfinite(others).any():
        return None
    at_onsets = len(starts) >= _FOLDS
    edges = [0, *starts] if at_onsets else [record.rows * i // _BLOCKS for i in range(_BLOCKS)]
    blocks = (np.searchsorted(edges, rows, side="right") - 1).clip(0) % _FOLDS
    shuffled = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    return SplitLeakage(
        target=record.station.keys[target],
        blocks="episodes" if at_onsets else "blocks",
        shuffled=_held_out(others, truth, shuffled, seed),
        blocked=_held_out(others, truth, blocks, seed),
        every=step,
    )


def _held_out(others: Floats, truth: Floats, fold: Indices, seed: int) -> float:
    """Return the coefficient of determination of predictions for each fold by the others."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # slow to import

    guess = np.empty_like(truth)
    # On more threads trees this small are no faster, and many times slower on a busy processor.
    with threadpool_limits(1):
        for one in range(_FOLDS):
            out = fold == one
            there = np.isfinite(others[~out]).any(axis=0)  # trees refuse a column without a reading
            trees = HistGradientBoostingRegressor(max_iter=_TREES, early_stopping=False, random_state=seed)
            trees.fit(others[~out][:, there], truth[~out])
            guess[out] = trees.predict(others[out][:, there])
    return float(1 - np.mean((guess - truth) ** 2) / truth.var())
