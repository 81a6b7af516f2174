"""Computes what the models need of the past, for one station reading by reading or for a whole record at once.

One implementation serves both: a run of readings continues a state, and the result is the same whether the run comes
in one piece or in many.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.rolling_median import RollingMedian
from edge.models.windows import Windows

LAGS = 3
"""Number of previous readings that predict the present one."""

SHORT_WINDOW = 12
"""Readings over which a flat line and a mean innovation are measured."""

BASELINE_LEAST = 20
"""Least number of readings for a baseline."""

HALF_LIFE = 20.0
"""Half-life of the moving average of residuals [readings]."""

_EQUAL = 1e-9  # scaled values closer than this are of one reading: their last bits may depend on the rows beside them
_FORGET = 0.5 ** (1 / HALF_LIFE)


class FeatureState:
    """The part of one station's past that the features need, of constant size.

    Parameters
    ----------
    columns
        Count of columns of the scoring model, F.
    windows
        How far back it reaches.
    """

    __slots__ = ("_held", "_times", "columns", "innovations", "lag", "medians", "recent", "sums")

    def __init__(self, columns: int, windows: Windows) -> None:
        self.columns = columns
        self.lag = windows.lag
        self.medians = (
            None
            if windows.recenter is None
            else RollingMedian(columns, windows.recenter, BASELINE_LEAST, windows.recenter_stride)
        )
        self.clear()

    @property
    def past(self) -> int:
        """Number of readings before the present one that are kept: those of the lags, and at least 11."""
        return max(SHORT_WINDOW - 1, LAGS * self.lag)

    def clear(self) -> None:
        """Forget everything: readings from before a long silence are no guide to the present."""
        if self.medians is not None:
            self.medians.clear()
        self._held: Floats | float = math.nan  # the last values [S] of the slow channels
        self._times: Floats | float = 0.0  # the readings in a row that have had them [S]
        self.restart()

    def restart(self) -> None:
        """Forget the latest readings after a gap of a few readings, but keep the baseline and what stands still."""
        self.recent: Floats = np.full((self.past, self.columns), np.nan)
        self.innovations: Floats = np.full(SHORT_WINDOW - 1, np.nan)
        self.sums = [0.0] * self.columns

    def count_equal(self, values: Floats) -> Floats:
        """Count the readings in a row, up to each of N, that have its value; advance the counts.

        Parameters
        ----------
        values
            Values of the slow channels [N, S], the same channels in every call.

        Returns
        -------
        ndarray
            Counts [N, S]; 1 for a value that differs from the one before it.
        """
        before = np.empty_like(values)
        before[0] = self._held
        before[1:] = values[:-1]
        row = np.arange(len(values))[:, None]
        # The row of the first equal value; those of earlier calls count back from -1.
        equal = np.abs(values - before) < _EQUAL
        first = np.maximum.accumulate(np.where(equal, -self._times, row), axis=0)
        counts = np.asarray(row - first + 1.0, dtype=np.float64)
        self._held, self._times = values[-1].copy(), counts[-1].copy()
        return counts

    def hold(self, other: FeatureState, places: Sequence[int]) -> None:
        """Count equal values on from where another state is; ``places`` are those of its slow channels to take, [S]."""
        if isinstance(other._held, np.ndarray) and isinstance(other._times, np.ndarray):
            self._held, self._times = other._held[list(places)], other._times[list(places)]


class Runs:
    """Divides rows into runs, each of which continues a state of its own.

    Parameters
    ----------
    states
        State of each run; no state may occur twice.
    lengths
        Number of rows of each run, at least one.
    """

    def __init__(self, states: Iterable[FeatureState], lengths: Iterable[int]) -> None:
        self.states = tuple(states)
        self.lengths = tuple(lengths)
        self._index, self._last = _layout(self.lengths, SHORT_WINDOW - 1)
        self.lag = self.states[0].lag

    def readings(self, scaled: Floats) -> tuple[Floats, Floats]:
        """Return each reading [N, F] with the 11 before it, [N, 12, F], and its lags [N, 3F]; advance the states."""
        before = [state.recent for state in self.states]
        if self.lag > 1:
            return self._apart(before, scaled)
        windows = self._windows(before, scaled, self._index)
        for state, last in zip(self.states, self._last, strict=True):
            state.recent = windows[last, 1:].copy()
        return windows, windows[:, -2 : -2 - LAGS : -1].reshape(len(scaled), -1)

    def _apart(self, before: list[Floats], scaled: Floats) -> tuple[Floats, Floats]:
        """Return what :meth:`readings` does where lags are apart: only the readings that count are picked out."""
        past = self.states[0].past
        index, _ = _layout(self.lengths, past, self.lag)
        picked = self._windows(before, scaled, index)
        for state, last, length in zip(self.states, self._last, self.lengths, strict=True):
            newest = scaled[max(last + 1 - length, last + 1 - past) : last + 1]
            state.recent = np.concatenate([state.recent[length:], newest])
        return picked[:, LAGS:], picked[:, LAGS - 1 :: -1].reshape(len(scaled), -1)

    def innovations(self, innovation: Floats) -> Floats:
        """Return each innovation [N] with the 11 before it, [N, 12], and advance the states."""
        windows = self._windows([state.innovations for state in self.states], innovation, self._index)
        for state, last in zip(self.states, self._last, strict=True):
            state.innovations = windows[last, 1:].copy()
        return windows

    def count_equal(self, values: Floats) -> Floats:
        """Count the equal values of slow channels [N, S], see :meth:`FeatureState.count_equal`; advance the states."""
        counts = np.empty_like(values)
        for state, last, length in zip(self.states, self._last, self.lengths, strict=True):
            run = slice(last + 1 - length, last + 1)
            counts[run] = state.count_equal(values[run])
        return counts

    def _windows(self, before: list[Floats], rows: Floats, index: Indices) -> Floats:
        return np.asarray(np.concatenate([*before, rows])[index])


@lru_cache(maxsize=16)  # a gateway sees the same few lengths again and again
def _layout(lengths: tuple[int, ...], past: int, lag: int = 0) -> tuple[Indices, tuple[int, ...]]:
    """Index the windows [N, 12] in the past of the runs followed by the rows; and the last row of each run.

    With a ``lag`` there are three more places [N, 15], so far apart, in front of the window.
    """
    sizes = np.array(lengths)
    ends = sizes.cumsum()
    # The past lies in front of the rows, so many readings a run; a window begins there or among the rows.
    run = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(run))
    offset = np.arange(1 - SHORT_WINDOW, 1)
    if lag:
        offset = np.concatenate([lag * np.arange(-LAGS, 0), offset])
    place = (rows - (ends - sizes)[run])[:, None] + offset  # within the run
    among = len(sizes) * past + rows[:, None] + offset
    index = np.where(place >= 0, among, ((run + 1) * past)[:, None] + place)
    return index, tuple((ends - 1).tolist())


class Features(NamedTuple):
    """Features of N readings; nan without enough past.

    Parameters
    ----------
    scaled
        The scaled readings, [N, F].
    residual
        Their conditional residuals, [N, F].
    baseline
        Rolling median of the previous residuals, [N, F]; 0 if they are not recentred.
    average
        Moving average of the recentred residuals, half-life 20 readings, beginning at 0, [N, F].
    lags
        Three previous readings, one lag apart, the latest first, [N, 3F].
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
    """Compute features of readings, and advance the states of their runs.

    Parameters
    ----------
    scaled
        Readings [N, F], grouped by run, without nan.
    residual
        Their conditional residuals [N, F].
    runs
        The runs and their states.
    """
    windows, lags = runs.readings(scaled)
    centred = windows - np.add.reduce(windows, axis=1, keepdims=True) / SHORT_WINDOW
    spread = np.sqrt(np.add.reduce(centred * centred, axis=1) / SHORT_WINDOW)
    rows = residual.tolist()
    middles: list[list[float]] = []
    sums: list[list[float]] = []
    start = 0
    for state, length in zip(runs.states, runs.lengths, strict=True):
        _recenter(state, rows[start : start + length], middles, sums)
        start += length
    return Features(scaled, residual, np.array(middles), (1 - _FORGET) * np.array(sums), lags, spread)


def _recenter(
    state: FeatureState, rows: list[list[float]], middles: list[list[float]], sums: list[list[float]]
) -> None:
    """Append the baseline of each row, and the sum of its moving average."""
    medians = state.medians
    missing = [math.nan] * state.columns
    middle = [0.0] * state.columns
    total = state.sums
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
    state.sums = total
