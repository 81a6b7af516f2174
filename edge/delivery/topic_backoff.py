"""Retries: how long a topic that the broker refuses is left alone."""

from __future__ import annotations

from edge.clock import Clock

FIRST, LONGEST = 1.0, 300.0
"""Delay after the first refusal, and the most that it grows to, twice as long each time [s]."""


class TopicBackoff:
    """Delays by topic.

    Parameters
    ----------
    clock
        Its monotonic time paces them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, float]] = {}  # topic -> when, and after what delay

    def refused(self, topic: str) -> None:
        """Leave a topic alone for longer than the last time."""
        _, delay = self._until.get(topic, (0.0, FIRST / 2))
        delay = min(2 * delay, LONGEST)
        self._until[topic] = (self._clock.monotonic() + delay, delay)

    def taken(self, topic: str) -> None:
        """Forget the refusals of a topic: the broker took something there."""
        self._until.pop(topic, None)

    def may(self, topic: str) -> bool:
        """Tell whether a topic may be tried now."""
        until = self._until.get(topic)
        return until is None or self._clock.monotonic() >= until[0]
