"""Adapts thresholds to a station, so that its rate of exceedances stays the requested one."""

from __future__ import annotations

import math

import msgspec

GAMMA = 0.005
"""Step of the rate per reading, as a share of the miss."""

FLOOR = 0.1
"""Least rate, as a share of the requested one: without a floor a few exceedances would blind the station."""

FREEZE = 30
"""Readings after an alarm opened for which its rate is kept: an event must not shift its own threshold."""


class Adaptation:
    """Adaptive conformal inference for one station, with a floor.

    A reading exceeds when its p-value is at most the present rate a; after it ``a = max(a + gamma (requested -
    exceeded), requested / 10)``. The recursion is that of Gibbs and Candes, Adaptive conformal inference under
    distribution shift (2021); the floor is ours. In the long run the share of exceedances approaches the requested
    rate (a little above it, because of the floor). It does so for a useless score as well, and is no measure of
    quality.

    Parameters
    ----------
    rate
        Requested share of readings that exceed, in (0, 1].
    adapt
        ``False``: thresholds are fixed.

    Attributes
    ----------
    rates
        Kind -> present rate; kinds without an entry are at the requested rate.
    """

    __slots__ = ("_adapt", "_frozen", "_requested", "_used", "rates")

    def __init__(self, rate: float, *, adapt: bool = True) -> None:
        self._adapt = adapt
        self.request(rate)

    def request(self, rate: float) -> None:
        """Request another rate; what was learnt for the previous one is forgotten."""
        self._requested = rate
        self.rates: dict[str, float] = {}
        self._frozen: dict[str, int] = {}
        self._used: dict[str, float] = {}

    def decide(self, kind: str, score: float) -> bool:
        """Return whether a score (-log10 p) exceeds, and adapt."""
        rate = self.rates.get(kind, self._requested)
        threshold = self._used[kind] = -math.log10(rate)
        exceeds = score >= threshold
        if not self._adapt:
            return exceeds
        frozen = self._frozen.get(kind, 0)
        if frozen:
            self._frozen[kind] = frozen - 1
        else:
            moved = rate + GAMMA * (self._requested - exceeds)
            least = FLOOR * self._requested
            self.rates[kind] = least if moved < least else moved if moved < 1.0 else 1.0
        return exceeds

    def exceeds(self, kind: str, score: float) -> bool:
        """Return whether a score (-log10 p) exceeds, without learning from it."""
        threshold = self._used[kind] = -math.log10(self.rates.get(kind, self._requested))
        return score >= threshold

    def threshold(self, kind: str) -> float:
        """Return the least score that exceeds: the one last applied, or before any decision the requested one."""
        return self._used.get(kind, -math.log10(self.rates.get(kind, self._requested)))

    def freeze(self, kind: str) -> None:
        """Keep the rate for the next 30 readings, because an alarm has opened."""
        self._frozen[kind] = FREEZE

    def snapshot(self) -> bytes:
        """Encode what was learnt, for :meth:`restore` after a restart."""
        return _ENCODER.encode((self._requested, self.rates, self._frozen))

    def restore(self, snapshot: bytes) -> None:
        """Resume what was learnt, unless another rate had been requested.

        Raises
        ------
        ValueError
            The bytes are no :meth:`snapshot`.
        """
        requested, rates, frozen = _DECODER.decode(snapshot)
        if requested == self._requested:
            self.rates = {kind: min(max(rate, FLOOR * requested), 1.0) for kind, rate in rates.items()}
            self._frozen = frozen


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[float, dict[str, float], dict[str, int]])
