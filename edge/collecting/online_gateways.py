"""Finds the gateways that are online at a broker."""

from __future__ import annotations

from config.settings.broker import Broker
from edge.clock import SystemClock
from edge.mqtt.command_link import command_link
from edge.mqtt.link import Subscription
from edge.stop import Stop

_LISTENING = 1.0  # [s] for the retained states of gateways


def find_online_gateways(broker: Broker, purpose: str, stop: Stop) -> list[str]:
    """Return the base topics of all gateways below ``davylamp`` that are online; raises BrokerError.

    Parameters
    ----------
    broker
        Their broker.
    purpose
        Part of the client id.
    stop
        Ends the waiting.
    """
    clock = SystemClock()
    online: set[str] = set()
    with command_link(broker, purpose, [Subscription("davylamp/+/state", retained=True)], stop) as link:
        deadline = clock.monotonic() + _LISTENING
        while not stop.requested and clock.monotonic() < deadline:
            messages = link.poll(0.1)
            online |= {each.topic.removesuffix("/state") for each in messages if b'"online"' in each.payload}
            link.acknowledge(messages)
    if stop.requested:
        raise KeyboardInterrupt
    return sorted(online)
