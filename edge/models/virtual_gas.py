"""Infers a virtual gas level from the sensors and the climate, for stations without an analyser."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from edge.arrays import Arrays, Floats


@dataclass(frozen=True)
class VirtualGas:
    """A ridge regression of the logarithm of the gas level.

    Parameters
    ----------
    columns
        Indices, among the scoring model's columns, of the sensors and the climate.
    squares
        Indices of the temperatures, which also enter squared.
    weights
        Weights of the columns and then of the squares, in scaled units.
    intercept
        Logarithm of the level at scaled readings of 0.
    sd
        Standard deviation of the logarithm, out of fold.
    low, high
        Least and largest level in training [unit of the gas].
    responsive
        Keys of the sensors that respond to the gas.
    """

    columns: tuple[int, ...]
    squares: tuple[int, ...]
    weights: Floats
    intercept: float
    sd: float
    low: float
    high: float
    responsive: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together (ValueError)."""
        if self.weights.shape != (len(self.columns) + len(self.squares),) or not np.isfinite(self.weights).all():
            raise ValueError("virtual gas: expected a finite weight for every column and every square")
        if not (0 < self.low < self.high and 0 < self.sd < np.inf and np.isfinite(self.intercept)):
            raise ValueError("virtual gas: expected 0 < low < high, a positive sd and a finite intercept")

    def log_level(self, scaled: Floats) -> Floats:
        """Return the natural logarithm [N] of the level [unit of the gas] for scaled readings [N, F]."""
        linear, squared = self._slopes
        seen = scaled[:, : len(linear)]
        return np.asarray(seen @ linear + (seen * seen) @ squared + self.intercept)

    @cached_property
    def _slopes(self) -> Floats:
        """The weights of all columns and of their squares, 0 for the unused: no column has to be picked out."""
        slopes = np.zeros((2, max((*self.columns, *self.squares)) + 1))
        slopes[0, list(self.columns)], slopes[1, list(self.squares)] = np.split(self.weights, [len(self.columns)])
        return slopes

    def arrays(self) -> Arrays:
        """Return the numbers by name, for an npz; the sensors' names are stored elsewhere."""
        return {
            "columns": np.array(self.columns, dtype=np.int64),
            "squares": np.array(self.squares, dtype=np.int64),
            "weights": self.weights,
            "scalars": np.array([self.intercept, self.sd, self.low, self.high]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, responsive: tuple[str, ...]) -> Self:
        """Restore it from its :meth:`arrays` (KeyError, ValueError)."""
        intercept, sd, low, high = (float(value) for value in arrays["scalars"])
        return cls(
            columns=tuple(int(i) for i in arrays["columns"]),
            squares=tuple(int(i) for i in arrays["squares"]),
            weights=np.asarray(arrays["weights"], dtype=np.float64),
            intercept=intercept,
            sd=sd,
            low=low,
            high=high,
            responsive=responsive,
        )
