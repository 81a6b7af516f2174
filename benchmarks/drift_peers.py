"""Other detectors of drifts, on the same residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from edge.arrays import Floats
from edge.drift.drift_reference import BLOCK, EVERY, WINDOW

_FALL = 0.8  # share of the limit below which an alarm closes, as ours


class Detector(Protocol):
    """Finds drifts."""

    def push(self, residual: Floats, values: Floats, error: float) -> bool:
        """Take in the residuals [F] and values [F] of a reading, and its error; returns whether a drift stands."""


class WindowDistance:
    """The Kolmogorov-Smirnov distance of the window from the training; limits are the largest of the chunks.

    Parameters
    ----------
    chunks
        Residuals [N, F] of each chunk of the training.
    """

    def __init__(self, chunks: Sequence[Floats]) -> None:
        whole = np.sort(np.concatenate(chunks)[::EVERY], axis=0)
        self._whole, self._recent, self._n, self._stands = whole, list[Floats](), 0, False
        self._limit = np.zeros(whole.shape[1])
        for chunk in chunks:
            looked_at = chunk[::EVERY]
            for start in range(0, len(looked_at) - WINDOW + 1, BLOCK):
                self._limit = np.maximum(self._limit, self._distance(looked_at[start : start + WINDOW]))

    def _distance(self, window: Floats) -> Floats:
        ordered = np.sort(window, axis=0)
        levels = np.arange(WINDOW + 1) / WINDOW
        found = []
        for own, whole in zip(ordered.T, self._whole.T, strict=True):
            below = np.searchsorted(whole, own) / len(whole)
            found.append(max(np.abs(below - levels[1:]).max(), np.abs(below - levels[:-1]).max()))
        return np.array(found)

    def push(self, residual: Floats, values: Floats, error: float) -> bool:
        """Take in a reading; returns whether a drift stands."""
        self._n += 1
        if self._n % EVERY == 0:
            self._recent = [*self._recent, residual][-WINDOW:]
            if len(self._recent) == WINDOW and self._n % (EVERY * BLOCK) == 0:
                share = (self._distance(np.array(self._recent)) / self._limit).max()
                self._stands = bool(share > (_FALL if self._stands else 1.0))
        return self._stands


class Kswin:
    """KSWIN as published, on every eighth reading: the last 30 against 30 of the 70 before, at a level of .005."""

    _LEVEL, _WINDOW, _LATEST = 0.005, 100, 30

    def __init__(self, chunks: Sequence[Floats]) -> None:
        self._rng, self._n = np.random.default_rng(1), 0
        self._recent = list[Floats]()
        self._critical = float(np.sqrt(-np.log(self._LEVEL) / self._LATEST))

    def push(self, residual: Floats, values: Floats, error: float) -> bool:
        """Take in a reading; returns whether a drift is found, and then forgets what was before it."""
        self._n += 1
        if self._n % EVERY:
            return False
        self._recent.append(residual)
        if len(self._recent) < self._WINDOW:
            return False
        latest = np.array(self._recent[-self._LATEST :])
        earlier = np.array(self._recent[: -self._LATEST])
        drawn = earlier[self._rng.choice(len(earlier), self._LATEST, replace=False)]
        both = np.concatenate([latest, drawn])
        distance = np.abs((latest[None] <= both[:, None]).mean(axis=1) - (drawn[None] <= both[:, None]).mean(axis=1))
        if distance.max() > self._critical:
            self._recent = self._recent[-self._LATEST :]
            return True
        self._recent.pop(0)
        return False


class Cusum:
    """The textbook CUSUM of each channel's mean of 64 readings, in standard deviations: k = 1/2, h = 5."""

    _SLACK, _LIMIT = 0.5, 5.0

    def __init__(self, chunks: Sequence[Floats]) -> None:
        means = np.concatenate([_means(chunk) for chunk in chunks if len(chunk) >= EVERY * BLOCK])
        self._centre, self._spread = means.mean(axis=0), means.std(axis=0)
        self._high = self._low = np.zeros(len(self._centre))
        self._block, self._stands = list[Floats](), False

    def push(self, residual: Floats, values: Floats, error: float) -> bool:
        """Take in a reading; returns whether a drift stands."""
        self._block.append(residual)
        if len(self._block) == EVERY * BLOCK:
            deviation = (np.mean(self._block, axis=0) - self._centre) / self._spread
            self._block = []
            self._high = np.clip(self._high + deviation - self._SLACK, 0, 2 * self._LIMIT)
            self._low = np.clip(self._low - deviation - self._SLACK, 0, 2 * self._LIMIT)
            share = max(self._high.max(), self._low.max()) / self._LIMIT
            self._stands = bool(share > (_FALL if self._stands else 1.0))
        return self._stands


def _means(rows: Floats) -> Floats:
    size = EVERY * BLOCK
    count = len(rows) // size
    return np.asarray(rows[: count * size].reshape(count, size, -1).mean(axis=1))


PEERS: dict[str, Callable[[Sequence[Floats]], Detector]] = {
    "KS distance": WindowDistance,
    "CUSUM": Cusum,
    "KSWIN": Kswin,
}
