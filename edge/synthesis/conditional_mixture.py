"""Target: which components of a mixture rows are drawn from, and within which ranges the rows must lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Floats, Indices, Mask, Singles

LEAST_SHARE = 0.05
"""A component with a smaller share of its rows in the range is left out, unless no other has more."""


@dataclass(frozen=True)
class ConditionalMixture:
    """C choices, each of a component and of a range; a component may be there twice, with different ranges.

    Parameters
    ----------
    chances
        [C], how often each is chosen; they add up to 1.
    component
        [C], index within the mixture.
    low, high
        [C, F], least and largest value of its rows [the columns' units].
    """

    chances: Floats
    component: Indices
    low: Floats
    high: Floats

    @classmethod
    def of(cls, weights: ArrayLike, size: int) -> ConditionalMixture:
        """Every component with its own weight [K], and all of its rows of ``size`` columns."""
        chances = np.asarray(weights, dtype=np.float64)
        anything = np.full((len(chances), size), np.inf)
        return cls(chances / chances.sum(), np.arange(len(chances)), -anything, anything)

    @classmethod
    def mixed(cls, targets: Sequence[ConditionalMixture], shares: Sequence[float]) -> ConditionalMixture:
        """Several targets in one, with the share of each relative to the others."""
        chances = np.concatenate([share * target.chances for share, target in zip(shares, targets, strict=True)])
        component, low, high = (
            np.concatenate([getattr(target, name) for target in targets]) for name in ("component", "low", "high")
        )
        return cls(chances / chances.sum(), component, low, high)

    def within(self, low: Floats, high: Floats, pilot: Singles) -> ConditionalMixture | None:
        """The same components where only rows from ``low`` to ``high`` [F] are wanted.

        A component's chance is multiplied by the share of its rows that lie there, so that redrawing a row within its
        component gives the distribution of the mixture's rows there; a redraw from all would count the share twice.

        Parameters
        ----------
        low, high
            The range.
        pilot
            [C, P, F], rows of each component.

        Returns
        -------
        Target
            ``None``: none of the pilot's rows lies there.
        """
        asked = np.isfinite(low) | np.isfinite(high)
        there = pilot[:, :, asked]
        shares = ((there >= low[asked]) & (there <= high[asked])).all(axis=2).mean(axis=1)
        if not shares.any():
            return None
        kept = np.flatnonzero(shares >= min(LEAST_SHARE, shares.max()))
        chances = self.chances[kept] * shares[kept]
        bounds = (np.tile(bound, (len(kept), 1)) for bound in (low, high))
        return ConditionalMixture(chances / chances.sum(), self.component[kept], *bounds)

    @cached_property
    def bounded(self) -> bool:
        """Whether some row may be out of its range."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def choose(self, positions: Floats) -> Indices:
        """Index [N] of the choice for each number [N] in [0, 1)."""
        return np.searchsorted(self._cumulative, positions, side="right")

    def holds(self, rows: Singles, choice: Indices) -> Mask:
        """Whether each of the rows [N, F] lies in the range of its choice [N]."""
        return np.asarray(((rows >= self.low[choice]) & (rows <= self.high[choice])).all(axis=1))

    @cached_property
    def _cumulative(self) -> Floats:
        cumulative = np.cumsum(self.chances)
        cumulative[-1] = 1.0  # a sum of many numbers is not quite 1
        return cumulative
