"""Links to real and fake brokers, and functions that take their turns."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.settings.broker import Broker
from edge.mqtt.link import Subscription
from edge.mqtt.message import Message
from edge.mqtt.options import Options
from edge.mqtt.reconnecting_link import ReconnectingLink
from tests.edge.mqtt.links import Answer, Collect, FakeBroker, MakeLink, Ready, TurnUntil

COUNTER = itertools.count()


@pytest.fixture
def base() -> str:
    """A base topic of this test's own, on the shared broker."""
    return f"test-link/{next(COUNTER)}"


@pytest.fixture
def make(base: str, protocol: str) -> Iterator[MakeLink]:
    """Make links to a port, closed after the test."""
    links: list[ReconnectingLink] = []

    def make(
        port: int, *, settings: dict[str, Any] | None = None, session_expiry: int = 60, **options: Any
    ) -> ReconnectingLink:
        broker = Broker(**{"host": "127.0.0.1", "port": port, "protocol": protocol, **(settings or {})})
        resolved = Options.from_settings(broker, client_id=base.replace("/", "-"), session_expiry=session_expiry)
        links.append(ReconnectingLink(resolved, (Subscription(f"{base}/in/#"),), **options))
        return links[-1]

    yield make
    for link in links:
        link.close(0.1)


@pytest.fixture
def fake_broker() -> Iterator[FakeBroker]:
    """Answer every connection with a function of its socket and the protocol level in its CONNECT."""
    stop = threading.Event()
    listeners: list[socket.socket] = []

    def start(answer: Answer) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        packet = connection.recv(4096)
                        answer(connection, packet[packet.index(b"MQTT") + 4])
                    except (OSError, ValueError):
                        pass

        threading.Thread(target=serve, name="fake broker", daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    stop.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def early() -> dict[ReconnectingLink, list[Message]]:
    """Messages that came together with a SUBACK."""
    return {}


@pytest.fixture
def ready(early: dict[ReconnectingLink, list[Message]]) -> Ready:
    """Take turns until a link is subscribed."""

    def ready(link: ReconnectingLink, seconds: float = 10.0) -> ReconnectingLink:
        deadline = time.monotonic() + seconds
        while not link.became_ready():
            assert time.monotonic() < deadline, link.failure
            early.setdefault(link, []).extend(link.poll(0.05))
            link.flush()
        return link

    return ready


@pytest.fixture
def collect(early: dict[ReconnectingLink, list[Message]]) -> Collect:
    """Take turns until ``count`` messages have come."""

    def collect(
        link: ReconnectingLink, count: int, *, acknowledge: bool = True, seconds: float = 10.0
    ) -> list[Message]:
        found = early.pop(link, [])
        if acknowledge:
            link.acknowledge(found)
        deadline = time.monotonic() + seconds
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages"
            messages = link.poll(0.05)
            found += messages
            if acknowledge:
                link.acknowledge(messages)
            link.flush()
        return found

    return collect


@pytest.fixture
def turn_until() -> TurnUntil:
    """Take turns until a condition holds."""

    def turn_until(link: ReconnectingLink, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            link.poll(0.05)
            link.flush()

    return turn_until
