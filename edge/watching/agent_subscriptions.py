"""What a program subscribes to that watches agents."""

from __future__ import annotations

from edge.mqtt.link import Subscription
from edge.mqtt.topics import Topics

ANY_BASE = "davylamp/+"
"""Matches the default base topic of every gateway."""


def agent_subscriptions(base: str, *, table: bool) -> list[Subscription]:
    """Return the subscriptions below a base topic.

    Parameters
    ----------
    base
        Base topic of the agents, ``+`` for any level.
    table
        Whether what stands is shown, and alarms are answered; else what happens, in the order in which it does.
    """
    topics = Topics(base)
    state, alarm = Subscription(topics.state, retained=True), Subscription(topics.alarm("+"), retained=True)
    scores, refused = Subscription(topics.score("+")), Subscription(topics.deadletter)
    if table:
        availability = Subscription(topics.availability("+"), retained=True)
        return [state, availability, alarm, scores, refused, Subscription(topics.response("alarm/+"))]
    return [scores, Subscription(topics.event("+")), refused, state, alarm]
