"""Types of the fixtures that make links and take their turns, and what tests do to a link's connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from edge.clock import Clock
from edge.mqtt.connection import Connection
from edge.mqtt.failures import Failure
from edge.mqtt.message import Message
from edge.mqtt.reconnecting_link import ReconnectingLink
from edge.stop import Stop

Answer = Callable[[socket.socket, int], object]
"""What a fake broker does with a connection, given its socket and the protocol level in the CONNECT."""

FakeBroker = Callable[[Answer], int]
"""The fixture ``fake_broker``: starts one, and returns its port."""


class MakeLink(Protocol):
    """The fixture ``make``."""

    def __call__(
        self,
        port: int,
        *,
        settings: dict[str, Any] | None = None,
        session_expiry: int = 60,
        stop: Stop | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> ReconnectingLink:
        """Make a link to a port of this machine, and close it after the test."""


class Ready(Protocol):
    """The fixture ``ready``."""

    def __call__(self, link: ReconnectingLink, seconds: float = 10.0) -> ReconnectingLink:
        """Take turns until the link is subscribed."""


class Collect(Protocol):
    """The fixture ``collect``."""

    def __call__(
        self, link: ReconnectingLink, count: int, *, acknowledge: bool = True, seconds: float = 10.0
    ) -> list[Message]:
        """Take turns until the link has handed out ``count`` messages."""


class TurnUntil(Protocol):
    """The fixture ``turn_until``."""

    def __call__(self, link: ReconnectingLink, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        """Take turns until a condition holds."""


def failure_of(link: ReconnectingLink) -> Failure:
    """Return why there is no connection."""
    assert link.failure is not None
    return link.failure


def connection_of(link: ReconnectingLink) -> Connection:
    """Return the connection under a link."""
    assert link._connection is not None
    return link._connection


def sever(link: ReconnectingLink) -> None:
    """Take the network away from under a link."""
    connection_of(link).socket.shutdown(socket.SHUT_RDWR)
