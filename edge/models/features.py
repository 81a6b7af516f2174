"""Features: what the past is for the present reading, for one station reading by reading or for a whole record at once.

One implementation serves both: a run of readings continues a memory, and whether it comes in one piece or in many is
all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.rolling_median import RollingMedian

LAGS = 3
"""Previous readings that predict the present one."""

SHORT_WINDOW = 12
"""Readings over which a flat line, and a mean innovation, are judged."""

BASELINE_LEAST = 20
"""Readings before there is a baseline."""

HALF_LIFE = 20.0
"""Of the moving average of residuals [readings]."""

_FORGET = 0.5 ** (1 / HALF_LIFE)


class FeatureState:
    """One station's past, as far as the features need it; nothing in it grows.

    Parameters
    ----------
    columns
        Of the scoring model, F.
    window
        Readings in the rolling median; ``None``: residuals are not recentred.
    """

    __slots__ = ("columns", "innovations", "medians", "recent", "sums")

    def __init__(self, columns: int, window: int | None) -> None:
        self.columns = columns
        self.medians = None if window is None else RollingMedian(columns, window, BASELINE_LEAST)
        self.clear()

    def clear(self) -> None:
        """Forget everything: what was seen before a long silence says nothing about now."""
        if self.medians is not None:
            self.medians.clear()
        self.restart()

    def restart(self) -> None:
        """Forget the readings just before, and keep the baseline: a gap of a few readings."""
        self.recent: Floats = np.full((SHORT_WINDOW - 1, self.columns), np.nan)
        self.innovations: Floats = np.full(SHORT_WINDOW - 1, np.nan)
        self.sums = [0.0] * self.columns


class Runs:
    """Whose rows these are: the first so many continue the first memory, the next the second, and so on.

    Parameters
    ----------
    memories
        One per run; none comes twice.
    lengths
        Rows of each run, at least one.
    """

    def __init__(self, memories: Iterable[FeatureState], lengths: Iterable[int]) -> None:
        self.memories = tuple(memories)
        self.lengths = tuple(lengths)
        self._index, self._last = _layout(self.lengths)

    def readings(self, scaled: Floats) -> Floats:
        """Each reading [N, F] with the 11 before it, [N, 12, F]; the memories go on."""
        windows = self._windows([memory.recent for memory in self.memories], scaled)
        for memory, last in zip(self.memories, self._last, strict=True):
            memory.recent = windows[last, 1:].copy()
        return windows

    def innovations(self, innovation: Floats) -> Floats:
        """Each innovation [N] with the 11 before it, [N, 12]; the memories go on."""
        windows = self._windows([memory.innovations for memory in self.memories], innovation)
        for memory, last in zip(self.memories, self._last, strict=True):
            memory.innovations = windows[last, 1:].copy()
        return windows

    def _windows(self, before: list[Floats], rows: Floats) -> Floats:
        return np.asarray(np.concatenate([*before, rows])[self._index])


@lru_cache(maxsize=16)  # a gateway sees the same few lengths again and again
def _layout(lengths: tuple[int, ...]) -> tuple[Indices, tuple[int, ...]]:
    """Where the windows [N, 12] of the rows lie behind what came before the runs, and which row ends each run."""
    sizes = np.array(lengths)
    ends = sizes.cumsum()
    # What came before lies in front of the rows, 11 readings a run; a window begins there or among the rows.
    run = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(run))
    offset = np.arange(1 - SHORT_WINDOW, 1)
    place = (rows - (ends - sizes)[run])[:, None] + offset  # within the run
    among = len(sizes) * (SHORT_WINDOW - 1) + rows[:, None] + offset
    index = np.where(place >= 0, among, ((run + 1) * (SHORT_WINDOW - 1))[:, None] + place)
    return index, tuple((ends - 1).tolist())


class Features(NamedTuple):
    """Of N readings; nan where there is no past yet.

    Parameters
    ----------
    scaled
        The readings themselves, [N, F].
    residual
        Their conditional residuals, [N, F].
    baseline
        Rolling median of the previous residuals, [N, F]; 0 where they are not recentred.
    average
        Moving average of the recentred residuals, half-life 20 readings, beginning at 0, [N, F].
    lags
        The three previous readings, the latest first, [N, 3F].
    spread
        Standard deviation of the last 12 readings, [N, F].
    """

    scaled: Floats
    residual: Floats
    baseline: Floats
    average: Floats
    lags: Floats
    spread: Floats


def compute_features(scaled: Floats, residual: Floats, runs: Runs) -> Features:
    """Let memories go on by the readings of their runs.

    Parameters
    ----------
    scaled, residual
        Readings [N, F] and their conditional residuals [N, F], grouped by run, without nan.
    runs
        Whose they are.
    """
    windows = runs.readings(scaled)
    lags = windows[:, -2 : -2 - LAGS : -1].reshape(len(scaled), -1)
    centred = windows - np.add.reduce(windows, axis=1, keepdims=True) / SHORT_WINDOW
    spread = np.sqrt(np.add.reduce(centred * centred, axis=1) / SHORT_WINDOW)
    rows = residual.tolist()
    middles: list[list[float]] = []
    sums: list[list[float]] = []
    start = 0
    for memory, length in zip(runs.memories, runs.lengths, strict=True):
        _recenter(memory, rows[start : start + length], middles, sums)
        start += length
    return Features(scaled, residual, np.array(middles), (1 - _FORGET) * np.array(sums), lags, spread)


def _recenter(
    memory: FeatureState, rows: list[list[float]], middles: list[list[float]], sums: list[list[float]]
) -> None:
    """Append each row's baseline, and the sum of its moving average."""
    medians = memory.medians
    missing = [math.nan] * memory.columns
    middle = [0.0] * memory.columns
    total = memory.sums
    for row in rows:
        if medians is not None:
            found = medians.values()
            medians.push(row)
            if found is None:
                middles.append(missing)
                sums.append(missing)
                continue
            middle = found
        total = [_FORGET * past + (value - usual) for past, value, usual in zip(total, row, middle, strict=True)]
        middles.append(middle)
        sums.append(total)
    memory.sums = total
