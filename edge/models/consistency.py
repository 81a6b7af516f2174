"""Measures consistency: whether the channels agree with one another and with their recent past.

There are five components: a channel that the others contradict (the conditional residual), a jump (the innovation), a
channel that no longer moves (the flat line), a slow drift (a moving average of the residual), and a run of small jumps
(a mean of the innovations). Each is turned into a -log10 p by a table of its own; the score is their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from edge.arrays import Arrays, Floats, Indices
from edge.models.features import LAGS, SHORT_WINDOW, Features, Runs
from edge.models.pvalue import PValueTable

COMPONENTS = ("conditional", "innovation", "flat", "average", "mean_innovation")
CAPS = (12.0, 12.0, 12.0, 1.5, 1.0)
"""Most that each component adds [-log10 p]; uncapped, the last two, which average, would alarm long after an event."""

_CAPS = np.array(CAPS)[:, None]

RULE = 36.0
"""Sum for a reading that breaks a rule (missing, or outside the physical range): three components at their caps."""

FLAT_FLOOR = 1e-4
"""Added to a standard deviation before its logarithm [training standard deviations]: that of a dead channel is 0."""

_NEVER_FLAT = -40.0

STANDING = 4.0
"""Added [-log10 p] for every refresh of a slow channel, beyond its usual one, in which it does not change."""

STANDING_CAP = 16.0
"""Most that a slow channel adds [-log10 p]: enough to exceed a threshold that has adapted to it."""


@dataclass(frozen=True)
class ConsistencyModel:
    """The fitted linear model, in scaled units.

    Parameters
    ----------
    conditional
        Matrix [F, F] that turns readings into conditional residuals: the error of each channel given all others, in
        units of its own spread. It is the inverse correlation matrix with column j divided by the root of its j-th
        diagonal element.
    inverse
        Its inverse [F, F], which turns a baseline of residuals into a reading.
    innovation
        Matrix [3F + 1, F] that predicts a reading from the three previous ones and a 1.
    whitening
        Matrix [F, F] that whitens innovations; their sum of squares is then the Mahalanobis distance.
    spread, average_spread
        Standard deviations [F] of the recentred residuals and of their moving averages.
    flat
        1 % quantile [F] of the standard deviation of 12 readings.
    refresh
        Readings [F] in which a slow channel changes as a rule; 1 for a channel that is judged by ``flat``.
    """

    conditional: Floats
    inverse: Floats
    innovation: Floats
    whitening: Floats
    spread: Floats
    average_spread: Floats
    flat: Floats
    refresh: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together (ValueError)."""
        columns = len(self.spread)
        shapes = {"innovation": (LAGS * columns + 1, columns)} | dict.fromkeys(
            ("conditional", "inverse", "whitening"), (columns, columns)
        )
        for field in fields(self):
            array, shape = getattr(self, field.name), shapes.get(field.name, (columns,))
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{field.name}: expected finite numbers of shape {shape}")
        if not (self.refresh >= 1).all():
            raise ValueError("refresh: expected numbers of at least 1")
        if not (self.spread > 0).all() or not (self.average_spread > 0).all():
            raise ValueError("spread, average_spread: expected positive numbers")

    @cached_property
    def slow(self) -> Indices | None:
        """Columns of the slow channels, [S]; ``None`` without any."""
        return np.flatnonzero(self.refresh > 1) if (self.refresh > 1).any() else None

    def slow_channels(self, keys: Sequence[str]) -> list[str]:
        """Return the keys of the slow channels among those of all, [F]."""
        return [] if self.slow is None else [keys[column] for column in self.slow]

    def arrays(self) -> dict[str, Floats]:
        """Return all fields by name, for an npz."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a model from its :meth:`arrays` (KeyError, ValueError)."""
        # Bundles of davylamp 0.2 do not know slow channels.
        known = {"refresh": np.ones_like(arrays["spread"])} | dict(arrays)
        return cls(**{field.name: np.asarray(known[field.name], dtype=np.float64) for field in fields(cls)})


class ConsistencyMeasures(NamedTuple):
    """Raw measures of N readings.

    Parameters
    ----------
    components
        Components [N, 5] in the order of :data:`COMPONENTS`; nan without enough past. A model with slow channels has a
        sixth, which is their flat line and already a -log10 p.
    strangeness
        Distance [N, F] of each channel from its usual value, in its own spreads; the largest is the culprit.
    """

    components: Floats
    strangeness: Floats


def measure_consistency(model: ConsistencyModel, features: Features, runs: Runs) -> ConsistencyMeasures:
    """Measure readings [N, F] and advance the innovations of their states, and the counts of their slow channels."""
    strangeness = np.abs(features.residual - features.baseline) / model.spread
    predicted = features.lags @ model.innovation[:-1] + model.innovation[-1]
    white = (features.scaled - predicted) @ model.whitening
    flat = np.log((model.flat + FLAT_FLOOR) / (features.spread + FLAT_FLOOR))
    count = len(COMPONENTS)
    slow = model.slow
    if slow is None:
        components = np.empty((count, len(white)))  # a row per component: the tables are looked up by component
        np.maximum.reduce(flat, axis=1, out=components[2])
    else:
        refreshes = runs.count_equal(features.scaled[:, slow]) / model.refresh[slow]
        standing = np.clip(STANDING * (refreshes - 1), 0.0, STANDING_CAP)
        components = np.empty((count + 1, len(white)))
        flat[:, slow] = _NEVER_FLAT  # the same in 12 readings is usual for them
        np.maximum.reduce(flat, axis=1, out=components[2])
        components[count] = np.where(np.isnan(components[2]), np.nan, np.maximum.reduce(standing, axis=1))
        flat[:, slow] = standing
    np.maximum.reduce(strangeness, axis=1, out=components[0])
    innovation = np.add.reduce(white * white, axis=1, out=components[1])
    np.maximum.reduce(np.abs(features.average) / model.average_spread, axis=1, out=components[3])
    np.divide(np.add.reduce(runs.innovations(innovation), axis=1), SHORT_WINDOW, out=components[4])
    return ConsistencyMeasures(components.T, np.fmax(strangeness, flat))


def combine_components(components: Floats, tables: Sequence[PValueTable]) -> Floats:
    """Sum [N] the components' -log10 p, each capped; a missing one adds nothing.

    Parameters
    ----------
    components
        Components, as in :class:`ConsistencyMeasures`.
    tables
        The p-value tables of the five.
    """
    scores = np.array([table.score(column) for table, column in zip(tables, components.T, strict=False)])
    scores = np.fmax(np.minimum(scores, _CAPS), 0.0)  # fmax ignores nan
    if components.shape[1] > len(tables):
        # Both are flat lines of one channel, so the larger counts, and not their sum.
        scores[2] = np.fmax(scores[2], components[:, -1])
    return np.asarray(np.add.reduce(scores, axis=0))
