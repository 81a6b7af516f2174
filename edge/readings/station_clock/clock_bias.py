"""Estimates by how much a station's clock differs from the gateway's, from the lags between stamps and arrivals."""

from __future__ import annotations

import math

WINDOW = 6 * 3600.0
"""The bias is the least lag of one to two windows [s]."""


class ClockBias:
    """The least lag of the last 6 to 12 hours: messages may come later than they were measured, but never earlier.

    Attributes
    ----------
    value
        The bias [s]: 0 at first, negative if the station's clock is ahead of the gateway's.
    least
        Least lag in this window [s].
    until
        When this window ends, Unix time [s].
    """

    __slots__ = ("earlier", "least", "until", "value")

    def __init__(
        self, value: float = 0.0, least: float = math.inf, until: float = math.nan, earlier: float = 0.0
    ) -> None:
        self.value = value
        self.least = least
        self.until = until
        self.earlier = earlier

    def add(self, lag: float, received: float) -> None:
        """Learn from a lag [s] that is not that of a stored reading."""
        if not received < self.until:
            if self.least < math.inf:
                self.earlier = self.least
            self.least, self.until = math.inf, received + WINDOW
        self.least = min(self.least, lag)
        self.value = min(self.earlier, self.least)

    def set(self, lag: float, received: float) -> None:
        """Begin anew with a lag [s], because the clock has changed."""
        self.value = self.least = self.earlier = lag
        self.until = received + WINDOW

    def shift(self, seconds: float) -> None:
        """Follow a jump of the gateway's clock [s] that the station does not share."""
        self.value += seconds
        self.least += seconds
        self.earlier += seconds

    def snapshot(self) -> tuple[float, float, float, float]:
        """Return the arguments that make an equal one."""
        return self.value, self.least, self.until, self.earlier
