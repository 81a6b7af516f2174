"""Adaptation: the threshold follows the station, so that the rate of exceedances stays the requested one."""

from __future__ import annotations

import math

import msgspec

GAMMA = 0.005
"""Step of the rate per reading, as a share of what was missed."""

FLOOR = 0.1
"""Least rate, as a share of the requested one: without a floor a few exceedances would blind the station."""

FREEZE = 30
"""Readings after an alarm opened during which its rate stays: an event must not teach its own threshold."""


class Adaptation:
    """Adaptive conformal inference for one station, with a floor.

    A reading exceeds when its p-value is at most the present rate a; after it ``a = max(a + gamma (requested -
    exceeded), requested / 10)``. The recursion is that of Gibbs and Candes, Adaptive conformal inference under
    distribution shift (2021); the floor is ours. Over a long time the share of exceedances comes near the requested
    rate (a little above it, for the floor), of a useless score as well: it says nothing about how good a score is.

    Parameters
    ----------
    rate
        Requested share of readings that exceed, in (0, 1].
    adapt
        ``False``: thresholds stay.

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
        """Ask for another rate; what was learnt belongs to the one before."""
        self._requested = rate
        self.rates: dict[str, float] = {}
        self._frozen: dict[str, int] = {}
        self._used: dict[str, float] = {}

    def decide(self, kind: str, score: float) -> bool:
        """Tell whether a score (-log10 p) exceeds, and adapt."""
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

    def threshold(self, kind: str) -> float:
        """Least score that exceeds: of the last decision, or the requested one before any."""
        return self._used.get(kind, -math.log10(self.rates.get(kind, self._requested)))

    def freeze(self, kind: str) -> None:
        """Leave the rate as it is for the next 30 readings: an alarm has opened."""
        self._frozen[kind] = FREEZE

    def snapshot(self) -> bytes:
        """Write down what was learnt, for :meth:`restore` after a restart."""
        return _ENCODER.encode((self._requested, self.rates, self._frozen))

    def restore(self, written: bytes) -> None:
        """Take up what was learnt; what belongs to another requested rate is forgotten.

        Raises
        ------
        ValueError
            It is not what :meth:`snapshot` wrote.
        """
        requested, rates, frozen = _DECODER.decode(written)
        if requested == self._requested:
            self.rates = {kind: min(max(rate, FLOOR * requested), 1.0) for kind, rate in rates.items()}
            self._frozen = frozen


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[float, dict[str, float], dict[str, int]])
