"""Defines a scoring model: everything fitted to score readings of one set of columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.arrays import Floats
from edge.models.consistency import COMPONENTS, ConsistencyModel
from edge.models.pvalue import PValueTable
from edge.models.runtime import Runtime
from edge.models.scaler import Scaler
from edge.models.virtual_gas import VirtualGas
from edge.models.windows import Windows

CALIBRATED = (*COMPONENTS, "consistency", "reconstruction")
"""Scores that always have a p-value table; ``onset`` has one if there is a virtual gas and it has stood the test."""


@dataclass(frozen=True)
class ScoringModel:
    """The fitted parts for all columns of a station, or for those left if it sends no gas level.

    Parameters
    ----------
    keys
        Message keys of the columns, [F].
    columns
        Their indices among the station's columns, [F].
    scaler
        Scaler of these columns.
    windows
        How far back it remembers [readings].
    consistency
        The linear model.
    network
        ``features`` [N, F] -> ``residuals``, ``contributions`` [N, F] and ``error`` [N].
    raw
        Scaler of a network that reads whole levels (the published form); ``None``: it reads the distance from the
        baseline.
    spread
        Divisor [F] of that distance.
    tables
        P-value table by name, see :data:`CALIBRATED`.
    virtual
        The gas level inferred from the sensors; ``None`` if they do not respond to it.
    domain
        Key of each gas and climate column -> least and largest value in training.
    """

    keys: tuple[str, ...]
    columns: tuple[int, ...]
    scaler: Scaler
    windows: Windows
    consistency: ConsistencyModel
    network: Runtime
    raw: Scaler | None
    spread: Floats
    tables: Mapping[str, PValueTable]
    virtual: VirtualGas | None
    domain: Mapping[str, tuple[float, float]]

    @property
    def size(self) -> int:
        """Count of columns, F."""
        return len(self.keys)

    def residuals(self, values: Floats) -> Floats:
        """Return the conditional residuals [N, F] of complete readings [N, F], without a baseline."""
        return self.scaler.forward(values) @ self.consistency.conditional

    @property
    def effects(self) -> Floats:
        """What a shift of each channel does to the residuals of all, [F, F], in spreads."""
        return self.consistency.conditional
