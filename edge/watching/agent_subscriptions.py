"""What a program subscribes to that watches agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from edge.mqtt.link import Subscription
from edge.mqtt.topics import Topics

ANY_BASE = "davylamp/+"
"""Matches the default base topic of every gateway."""

WatchedKind = Literal[
    "state", "info", "health", "deadletter", "availability", "alarm", "model", "score", "event", "counts"
]

_RETAINED: Final = ("state", "info", "availability", "alarm", "model")


def agent_subscriptions(base: str, kinds: Sequence[WatchedKind], verbs: Sequence[str] = ()) -> list[Subscription]:
    """Return the subscriptions below a base topic.

    Parameters
    ----------
    base
        Base topic of the agents, ``+`` for any level.
    kinds
        What is watched, in the order in which the broker sends what is retained.
    verbs
        Requests whose answers are read.
    """
    topics = Topics(base)
    filters: dict[WatchedKind, str] = {
        "state": topics.state,
        "info": topics.info,
        "health": topics.health,
        "deadletter": topics.deadletter,
        "availability": topics.availability("+"),
        "alarm": topics.alarm("+"),
        "model": topics.model("+"),
        "score": topics.score("+"),
        "event": topics.event("+"),
        "counts": topics.counts("+"),
    }
    found = [Subscription(filters[kind], retained=kind in _RETAINED) for kind in kinds]
    return found + [Subscription(topics.response(verb)) for verb in verbs]
