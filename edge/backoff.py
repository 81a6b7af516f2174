"""Delays between tries that double with every failure: of the broker link, a refused topic, the journal."""

from __future__ import annotations

from random import Random

_DOUBLINGS = 16  # after them the longest delay has long been reached; more would only grow the exponent


class Backoff:
    """Exponential backoff, with full jitter if a source of randomness is given.

    Parameters
    ----------
    first
        Delay after the first failure, or its upper bound with jitter [s].
    longest
        Upper bound of every delay [s].
    jitter
        Source of the jitter; ``None`` waits for exactly the bound.
    """

    def __init__(self, first: float, longest: float, jitter: Random | None = None) -> None:
        self.longest = longest
        self._first = first
        self._jitter = jitter
        self._failures = 0

    def next_delay(self, *, slow: bool = False, most: float | None = None) -> float:
        """Return the delay before the next try [s].

        Parameters
        ----------
        slow
            Whether only a person can fix what is wrong: then it is at least half of the longest delay.
        most
            Upper bound of this delay [s], unless it is a slow one.
        """
        bound = min(self.longest if most is None else most, self._first * 2.0 ** min(self._failures, _DOUBLINGS))
        self._failures += 1
        least = 0.0
        if slow:
            least, bound = self.longest / 2, self.longest
        return bound if self._jitter is None else self._jitter.uniform(least, bound)

    def reset(self) -> None:
        """Start again with the first delay: the last try succeeded."""
        self._failures = 0
