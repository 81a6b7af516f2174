"""Detects jumps of the wall clock, which somebody may set while the agent runs."""

from __future__ import annotations

from edge.clock import Clock

LEAST = 2.0
"""A smaller step is no jump: clocks are disciplined all the time [s]."""


class ClockJumps:
    """Compares the wall clock with the monotonic clock, which nobody sets.

    Parameters
    ----------
    clock
        Both clocks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now() - clock.monotonic()

    def detect(self) -> float:
        """Return by how much the wall clock has jumped since the last call [s]; 0 if it has not."""
        offset = self._clock.now() - self._clock.monotonic()
        jump, self._offset = offset - self._offset, offset
        return jump if abs(jump) > LEAST else 0.0
