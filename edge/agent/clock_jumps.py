"""Jumps: somebody sets the wall's clock while the agent runs."""

from __future__ import annotations

from edge.clock import Clock

LEAST = 2.0
"""A smaller step is no jump: clocks are disciplined all the time [s]."""


class ClockJumps:
    """Compares the wall's clock with the monotonic one, which nobody sets.

    Parameters
    ----------
    clock
        Both.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now() - clock.monotonic()

    def look(self) -> float:
        """Tell by how much the wall's clock has jumped since the last look [s]; 0: it has not."""
        offset = self._clock.now() - self._clock.monotonic()
        jump, self._offset = offset - self._offset, offset
        return jump if abs(jump) > LEAST else 0.0
