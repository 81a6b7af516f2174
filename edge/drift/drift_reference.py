"""DriftReference: how the residuals and errors of a training are distributed, and how far they wander by themselves."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from edge.arrays import Arrays, Floats

EVERY = 15
"""One reading of this many is looked at: neighbours say nearly the same, and a drift is slow."""
BLOCK = 8
"""Looked-at readings of a block; what is measured changes with each block."""
WINDOW = 64
"""Looked-at readings of the window: the last 960 readings, 16 hours at one a minute."""
MIDDLE = slice(WINDOW // 4, WINDOW - WINDOW // 4)
"""The middle half of the sorted window, which the distance compares."""
RECONSTRUCTION = "reconstruction"
"""Name of the reconstruction error among the channels."""


@dataclass(frozen=True)
class DriftReference:
    """What a bundle knows of its training's own residuals, for each of C = F + 1 quantities.

    The first F are the channels' conditional residuals, that is, what each channel says beyond what all others say, in
    its own spreads. The last is the natural logarithm of the reconstruction error. Everything was measured on rows that
    the model which measured them had not been fitted on.

    Parameters
    ----------
    quantiles
        Of the training [WINDOW, C], ascending, at the levels (i + 1/2) / WINDOW: as many as the window has readings,
        so that the distance of the two is the mean distance of their sorted values.
    distance
        Largest distance [C] that a window of the training had from the rest of it.
    slack
        What the Page-Hinkley test lets each block deviate for free, [C].
    sum
        Largest sum [C] that the Page-Hinkley test reached in the training.
    """

    quantiles: Floats
    distance: Floats
    slack: Floats
    sum: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together (ValueError)."""
        if self.quantiles.ndim != 2 or len(self.quantiles) != WINDOW:
            raise ValueError(f"drift quantiles: got shape {self.quantiles.shape}, expected {WINDOW} rows")
        for field in fields(self):
            array = getattr(self, field.name)
            if array.shape[-1] != self.size or not np.isfinite(array).all():
                raise ValueError(f"drift {field.name}: expected finite numbers of {self.size} quantities")
        if not all((getattr(self, name) > 0).all() for name in ("distance", "slack", "sum")):
            raise ValueError("drift: expected positive distances, slacks and sums")

    @property
    def size(self) -> int:
        """Count of quantities, C."""
        return int(self.quantiles.shape[1])

    @property
    def centre(self) -> Floats:
        """Medians of the training, [C]."""
        middle = WINDOW // 2
        return np.asarray((self.quantiles[middle - 1] + self.quantiles[middle]) / 2)

    def arrays(self) -> Arrays:
        """Return all fields by name, for an npz, in single precision."""
        return {field.name: getattr(self, field.name).astype(np.float32) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a reference from its :meth:`arrays` (KeyError, ValueError)."""
        return cls(**{field.name: np.asarray(arrays[field.name], dtype=np.float64) for field in fields(cls)})


def quantities(residuals: Floats, errors: Floats) -> Floats:
    """Put the quantities [N, C] together from conditional residuals [N, F] and reconstruction errors [N].

    An error that is missing or 0 has none.
    """
    found = np.empty((len(residuals), residuals.shape[1] + 1))
    found[:, :-1] = residuals
    found[:, -1] = np.nan
    np.log(errors, out=found[:, -1], where=errors > 0)
    return found
