"""Maps readings in their units to the scaled space in which the networks work, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats, Mask


class Scaler(msgspec.Struct, frozen=True, kw_only=True):
    """Standardised columns, the logarithmic ones by their logarithm.

    ``z = (f(x) - mean) / std`` with ``f(x) = ln(max(x, floor))`` for the log columns and ``f(x) = x`` for the others.
    The exported graphs contain the same arithmetic; this is its readable form, which the trainer uses.

    Parameters
    ----------
    scale
        Scale of each column, in the station's order.
    floor
        Least value of a log column [the column's unit], so that a zero has a logarithm; 0 for a linear column.
    mean, std
        Mean and standard deviation of ``f(x)`` over the training rows; ``std`` is positive.

    Examples
    --------
    >>> scaler = Scaler(scale=("log", "linear"), floor=(0.1, 0.0), mean=(0.0, 20.0), std=(1.0, 5.0))
    >>> scaler.forward([[1.0, 25.0]])
    array([[0., 1.]])
    """

    scale: tuple[Literal["log", "linear"], ...]
    floor: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse parameters that cannot belong together (ValueError)."""
        if not len(self.scale) == len(self.floor) == len(self.mean) == len(self.std):
            raise ValueError("scaler: scale, floor, mean and std differ in length")
        if not all(np.isfinite(self.mean)) or not all(0 < std < np.inf for std in self.std):
            raise ValueError("scaler: expected finite means and positive finite standard deviations")
        if any(scale == "log" and not 0 < floor < np.inf for scale, floor in zip(self.scale, self.floor, strict=True)):
            raise ValueError("scaler: expected a positive floor for every log column")

    @property
    def is_log(self) -> Mask:
        """Whether each column is scaled by its logarithm, [F]."""
        return np.array([scale == "log" for scale in self.scale], dtype=bool)

    @property
    def least(self) -> Floats:
        """Least argument of the logarithm, [F]: the floor, and 1 for linear columns, whose logarithm is not used."""
        return np.where(self.is_log, self.floor, 1.0)

    def forward(self, readings: ArrayLike) -> Floats:
        """Scale readings [N, F] (or [F]) in their units; nan stays nan."""
        is_log, least, mean, std = _arrays(self)
        scaled = np.array(readings, dtype=np.float64)
        np.log(np.maximum(scaled, least), out=scaled, where=is_log)
        scaled -= mean
        scaled /= std
        return scaled

    def inverse(self, scaled: ArrayLike) -> Floats:
        """Return readings [N, F] (or [F]) in their units from scaled ones."""
        transformed = np.asarray(scaled, dtype=np.float64) * self.std + self.mean
        return np.where(self.is_log, np.exp(np.where(self.is_log, transformed, 0.0)), transformed)


@lru_cache(maxsize=64)
def _arrays(scaler: Scaler) -> tuple[Mask, Floats, Floats, Floats]:
    """Convert the parameters to arrays once, not for every reading."""
    return scaler.is_log, scaler.least, np.array(scaler.mean), np.array(scaler.std)
