"""The short-lived link of a command, beside the agent's own."""

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
    """Connect without a persistent session, subscribe, and disconnect at the end.

    Parameters
    ----------
    broker
        Address and login.
    purpose
        Part of the client id, which must not be the agent's: the broker would disconnect the agent.
    subscriptions
        Subscriptions of the link.
    stop
        Ends the waiting for the connection; the link is then not connected.

    Raises
    ------
    BrokerError
        The first connection fails; later losses are repaired by the link.
    """
    options = Options.from_settings(broker, client_id=f"davylamp-{purpose}-{secrets.token_hex(4)}", session_expiry=0)
    link = ReconnectingLink(options, subscriptions, stop=stop)
    try:
        # Not until it is subscribed: retained messages may come together with the SUBACK.
        while not stop.requested and not link.connected:
            link.poll(1.0)
            failure = link.failure
            if failure is not None and not (failure.older and link.falling_back):
                raise BrokerError(f"{options.address}: {failure.event}: {failure.detail}")
        yield link
    finally:
        link.close()
