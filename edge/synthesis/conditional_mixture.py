"""Restricts a mixture: from which components rows are drawn, and in which ranges the rows must lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import AnyFloats, Floats, Indices, Mask

LEAST_SHARE = 0.05
"""A component with a smaller share of its rows in the range is left out, unless no other has a larger one."""


@dataclass(frozen=True)
class ConditionalMixture:
    """C choices, each of a component with a range; a component may occur twice, with different ranges.

    Parameters
    ----------
    chances
        Probability of each choice, [C]; they add up to 1.
    component
        Index of its component within the mixture, [C].
    low, high
        Least and largest values of its rows, [C, F] [the columns' units].
    """

    chances: Floats
    component: Indices
    low: Floats
    high: Floats

    @classmethod
    def unconditional(cls, weights: ArrayLike, size: int) -> ConditionalMixture:
        """Make the whole mixture: every component with its weight [K], and all of its rows of ``size`` columns."""
        chances = np.asarray(weights, dtype=np.float64)
        unbounded = np.full((len(chances), size), np.inf)
        return cls(chances / chances.sum(), np.arange(len(chances)), -unbounded, unbounded)

    @classmethod
    def combine(cls, mixtures: Sequence[ConditionalMixture], shares: Sequence[float]) -> ConditionalMixture:
        """Combine several, with the share of each relative to the others."""
        chances = np.concatenate([share * mixture.chances for share, mixture in zip(shares, mixtures, strict=True)])
        component, low, high = (
            np.concatenate([getattr(mixture, name) for mixture in mixtures]) for name in ("component", "low", "high")
        )
        return cls(chances / chances.sum(), component, low, high)

    def restrict(self, low: Floats, high: Floats, pilot: AnyFloats) -> ConditionalMixture | None:
        """Restrict the rows of all components to a range.

        The chance of a component is multiplied by the share of its rows in the range, so that redrawing a row within
        its component gives the distribution of the mixture's rows in the range; redrawing it from all components would
        count that share twice.

        Parameters
        ----------
        low, high
            The range [F].
        pilot
            Pilot rows of each component, [C, P, F], from which its share is estimated.

        Returns
        -------
        ConditionalMixture or None
            ``None``: no pilot row lies in the range.
        """
        bounded = np.isfinite(low) | np.isfinite(high)
        columns = pilot[:, :, bounded]
        shares = ((columns >= low[bounded]) & (columns <= high[bounded])).all(axis=2).mean(axis=1)
        if not shares.any():
            return None
        kept = np.flatnonzero(shares >= min(LEAST_SHARE, shares.max()))
        chances = self.chances[kept] * shares[kept]
        bounds = (np.tile(bound, (len(kept), 1)) for bound in (low, high))
        return ConditionalMixture(chances / chances.sum(), self.component[kept], *bounds)

    @cached_property
    def bounded(self) -> bool:
        """Whether a row can lie outside its range."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def choose(self, positions: Floats) -> Indices:
        """Return the index [N] of the choice for each number [N] in [0, 1)."""
        return np.searchsorted(self._cumulative, positions, side="right")

    def accepts(self, rows: AnyFloats, choice: Indices) -> Mask:
        """Return whether each of the rows [N, F] lies in the range of its choice [N]."""
        return np.asarray(((rows >= self.low[choice]) & (rows <= self.high[choice])).all(axis=1))

    @cached_property
    def _cumulative(self) -> Floats:
        cumulative = np.cumsum(self.chances)
        cumulative[-1] = 1.0  # the sum of many numbers is not exactly 1
        return cumulative
