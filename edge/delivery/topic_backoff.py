"""Leaves a topic that the broker refuses alone, for longer after every refusal."""

from __future__ import annotations

import math

from edge.backoff import Backoff
from edge.clock import Clock

_FIRST, _LONGEST = 1.0, 300.0  # [s]


class TopicBackoff:
    """When each topic may be tried again.

    Parameters
    ----------
    clock
        Its monotonic time paces the tries.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._backoffs: dict[str, Backoff] = {}
        self._next_try: dict[str, float] = {}

    def refused(self, topic: str) -> None:
        """Leave a topic alone for twice as long as after its last refusal."""
        backoff = self._backoffs.setdefault(topic, Backoff(_FIRST, _LONGEST))
        self._next_try[topic] = self._clock.monotonic() + backoff.next_delay()

    def accepted(self, topic: str) -> None:
        """Forget the refusals of a topic: the broker accepted something there."""
        self._backoffs.pop(topic, None)
        self._next_try.pop(topic, None)

    def is_due(self, topic: str) -> bool:
        """Return whether a topic may be tried now."""
        return self._clock.monotonic() >= self._next_try.get(topic, -math.inf)
