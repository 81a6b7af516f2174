"""Wish: what synthetic rows should be like, as a request or the command line says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from numpy.typing import ArrayLike

from edge.arrays import Floats
from edge.errors import RequestError
from edge.readings.recent import MOST_RECENT, Recent
from edge.synthesis.sampler import Sampler

DrawRows = Callable[[int, int], Floats]
"""Makes so many rows from a first index on."""

_LISTED = "prior, regime, range, mix, around"


class SamplingConditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of ``prior``, ``regime``, ``range``, ``mix`` and ``around``.

    Parameters
    ----------
    prior
        Like all of the training.
    regime
        Like those of a gas level: ``background``, ``elevated`` or ``plume``.
    range
        Least and largest value by key [the column's unit].
    mix
        Shares by regime, or ``prior``.
    around
        Like these rows; like the station's ``recent`` readings, or those of its last alarm (``event``).
    noise
        With ``around``: the disturbance of the codes; see :meth:`edge.synthesis.sampler.Sampler.around`.
    last
        With ``"around": "recent"``: how many readings, at most 500, the default.
    """

    prior: bool | None = None
    regime: str | None = None
    range: dict[str, tuple[float, float]] | None = None
    mix: dict[str, float] | None = None
    around: list[list[float]] | Literal["recent", "event"] | None = None
    noise: float | None = None
    last: int | None = None

    def draw(self, sampler: Sampler, seed: int, recent: Callable[[], Recent]) -> DrawRows:
        """Decide what is drawn from.

        Parameters
        ----------
        sampler
            Of the station's bundle.
        seed
            Which rows.
        recent
            The station's recent readings, asked for only if they are meant.

        Raises
        ------
        RequestError
            None or several were wished for, or there are no such readings. What a sampler refuses is refused when
            rows are drawn.
        """
        asked = (self.prior or None, self.regime, self.range, self.mix, self.around)
        if sum(each is not None for each in asked) != 1:
            raise RequestError(f"from: expected exactly one of {_LISTED}")
        if self.noise is not None and self.around is None:
            raise RequestError("noise: got a value without rows to imitate, expected it with around only")
        if self.last is not None and self.around != "recent":
            raise RequestError('last: got a count of readings, expected it with "around": "recent" only')
        if (ranges := self.range if self.regime is None else sampler.regime(self.regime)) is not None:
            return lambda n, first: sampler.within(ranges, n, seed, first=first)
        if (parts := self.mix) is not None:
            return lambda n, first: sampler.mix(parts, n, seed, first=first)
        if self.around is None:
            return lambda n, first: sampler.prior(n, seed, first=first)
        rows: ArrayLike = self.around
        if self.around == "recent":
            rows = recent().last(MOST_RECENT if self.last is None else self.last)
        elif self.around == "event":
            rows = recent().event()
        return lambda n, first: sampler.around(rows, n, seed, self.noise, first=first)
