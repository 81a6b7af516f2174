"""Measures consistency: whether the channels agree with one another and with their recent past.

There are five components: a channel that the others contradict (the conditional residual), a jump (the innovation), a
channel that no longer moves (the flat line), a slow drift (a moving average of the residual), and a run of small jumps
(a mean of the innovations). Each is turned into a -log10 p by a table of its own; the score is their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from edge.arrays import Arrays, Floats
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
    """

    conditional: Floats
    inverse: Floats
    innovation: Floats
    whitening: Floats
    spread: Floats
    average_spread: Floats
    flat: Floats

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
        if not (self.spread > 0).all() or not (self.average_spread > 0).all():
            raise ValueError("spread, average_spread: expected positive numbers")

    def arrays(self) -> dict[str, Floats]:
        """Return all fields by name, for an npz."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a model from its :meth:`arrays` (KeyError, ValueError)."""
        return cls(**{field.name: np.asarray(arrays[field.name], dtype=np.float64) for field in fields(cls)})


class ConsistencyMeasures(NamedTuple):
    """Raw measures of N readings.

    Parameters
    ----------
    components
        Components [N, 5] in the order of :data:`COMPONENTS`; nan without enough past.
    strangeness
        Distance [N, F] of each channel from its usual value, in its own spreads; the largest is the culprit.
    """

    components: Floats
    strangeness: Floats


def measure_consistency(model: ConsistencyModel, features: Features, runs: Runs) -> ConsistencyMeasures:
    """Measure readings [N, F] and advance the innovations of their states."""
    strangeness = np.abs(features.residual - features.baseline) / model.spread
    predicted = features.lags @ model.innovation[:-1] + model.innovation[-1]
    white = (features.scaled - predicted) @ model.whitening
    flat = np.log((model.flat + FLAT_FLOOR) / (features.spread + FLAT_FLOOR))
    components = np.empty((len(COMPONENTS), len(white)))  # a row per component: the tables are looked up by component
    np.maximum.reduce(strangeness, axis=1, out=components[0])
    innovation = np.add.reduce(white * white, axis=1, out=components[1])
    np.maximum.reduce(flat, axis=1, out=components[2])
    np.maximum.reduce(np.abs(features.average) / model.average_spread, axis=1, out=components[3])
    np.divide(np.add.reduce(runs.innovations(innovation), axis=1), SHORT_WINDOW, out=components[4])
    return ConsistencyMeasures(components.T, np.fmax(strangeness, flat))


def combine_components(components: Floats, tables: Sequence[PValueTable]) -> Floats:
    """Sum [N] the components' -log10 p, each capped; a missing one adds nothing."""
    scores = np.array([table.score(column) for table, column in zip(tables, components.T, strict=True)])
    # fmax ignores nan.
    return np.asarray(np.add.reduce(np.fmax(np.minimum(scores, _CAPS), 0.0), axis=0))
