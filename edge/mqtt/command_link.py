"""Visiting: the short connection of a command that looks or asks, beside the agent's own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from config.settings.broker import Broker
from edge.errors import BrokerError
from edge.mqtt.link import Subscription
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.stop import Stop


@contextmanager
def command_link(
    broker: Broker, purpose: str, subscriptions: Sequence[Subscription], stop: Stop
) -> Iterator[ReconnectingLink]:
    """Connect, and in the end say goodbye; the subscriptions follow at once, and nothing of us stays at the broker.

    Parameters
    ----------
    broker
        Where, and as which user.
    purpose
        Part of the client id: never the agent's, which would be thrown out.
    subscriptions
        What to subscribe to.
    stop
        Ends the waiting; then the link is not connected.

    Raises
    ------
    BrokerError
        The first connection fails. A later one comes back by itself.
    """
    options = Options.of(broker, client_id=f"davylamp-{purpose}-{secrets.token_hex(4)}", session_expiry=0)
    link = ReconnectingLink(options, subscriptions, stop=stop)
    try:
        # Not until it is subscribed: what is retained may come together with the confirmation.
        while not stop.requested and not link.connected:
            link.poll(1.0)
            failure = link.failure
            if failure is not None and not (failure.older and link.trying):
                raise BrokerError(f"{options.address}: {failure.event}: {failure.detail}")
        yield link
    finally:
        link.close()
