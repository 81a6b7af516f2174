"""Defines the conditions under which synthetic rows are drawn, as a request or the command line gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from numpy.typing import ArrayLike

from edge.arrays import Floats
from edge.errors import RequestError
from edge.readings.recent import MOST_RECENT, Recent
from edge.synthesis.sampler import Sampler

DrawRows = Callable[[int, int], Floats]
"""Draws rows, given their number and the index of the first."""

_RANGE = Meta(extra={"expected": 'least and largest value by key, such as {"ch4_ppb": [2500, 4000]}'})
_MIX = Meta(extra={"expected": 'shares by regime, such as {"background": 0.75, "plume": 0.25}'})
_AROUND = Meta(extra={"expected": "recent | event, or a list of rows with a number for each column"})
_LISTED = "prior, regime, range, mix, around"


class SamplingConditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions on synthetic rows: exactly one of ``prior``, ``regime``, ``range``, ``mix`` and ``around``.

    Parameters
    ----------
    prior
        Rows like all of the training.
    regime
        Rows of a gas regime: ``background``, ``elevated`` or ``plume``.
    range
        Rows in these ranges: least and largest value by key [the column's unit].
    mix
        Rows of several regimes: share by name, or ``prior``.
    around
        Rows like these; ``recent``: like the station's latest readings; ``event``: like those of its last alarm.
    noise
        With ``around``: the noise on the codes, see :meth:`edge.synthesis.sampler.Sampler.around`.
    last
        With ``"around": "recent"``: the number of readings, at most 500, the default.
    """

    prior: bool | None = None
    regime: str | None = None
    range: Annotated[dict[str, tuple[float, float]] | None, _RANGE] = None
    mix: Annotated[dict[str, float] | None, _MIX] = None
    around: Annotated[list[list[float]] | Literal["recent", "event"] | None, _AROUND] = None
    noise: float | None = None
    last: int | None = None

    def prepare(self, sampler: Sampler, seed: int, recent: Callable[[], Recent]) -> DrawRows:
        """Prepare the function that draws rows under these conditions.

        Parameters
        ----------
        sampler
            Sampler of the station's bundle.
        seed
            Seed of the rows.
        recent
            Returns the station's recent readings; called only if they are requested.

        Raises
        ------
        RequestError
            There is not exactly one condition, or rows to imitate are missing or wrong. The sampler's other errors are
            raised only when rows are drawn.
        """
        given = (self.prior or None, self.regime, self.range, self.mix, self.around)
        if sum(each is not None for each in given) != 1:
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
        codes = sampler.encode(rows, self.noise)  # once, and a fraction of what the rows of a message take
        return lambda n, first: sampler.near(codes, n, seed, first=first)
