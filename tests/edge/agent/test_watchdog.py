"""What systemd receives."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.agent.watchdog import Watchdog
from tests.doubles import FakeClock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end of the socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.setblocking(False)
    yield sock
    sock.close()


def received(sock: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(sock.recv(1024).decode())
        except BlockingIOError:
            return messages


def environment(sock: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": sock.getsockname(), **more}


def test_it_reports_ready_status_and_stopping(systemd: socket.socket, fake_clock: FakeClock) -> None:
    watchdog = Watchdog(fake_clock, environment(systemd))
    watchdog.ready()
    watchdog.status("waiting for the broker")
    watchdog.status("waiting for the broker")
    watchdog.status("connected")
    watchdog.stopping()
    assert received(systemd) == ["READY=1", "STATUS=waiting for the broker", "STATUS=connected", "STOPPING=1"]


def test_it_is_fed_often_enough_and_no_more(systemd: socket.socket, fake_clock: FakeClock) -> None:
    watchdog = Watchdog(fake_clock, environment(systemd, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid())))
    assert watchdog.every == 15
    for _ in range(600):
        watchdog.alive()
        fake_clock.time += 0.1
    assert received(systemd) == ["WATCHDOG=1"] * 8


def test_a_turn_as_long_as_it_may_be_still_feeds_it_in_time(systemd: socket.socket, fake_clock: FakeClock) -> None:
    watchdog = Watchdog(fake_clock, environment(systemd, WATCHDOG_USEC="30000000"))
    watchdog.alive()
    fake_clock.time += watchdog.every or 0
    watchdog.alive()
    assert len(received(systemd)) == 2


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "0x"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}])
def test_without_a_watchdog_for_us_it_is_silent(
    systemd: socket.socket, fake_clock: FakeClock, more: dict[str, str]
) -> None:
    watchdog = Watchdog(fake_clock, environment(systemd, **more))
    assert watchdog.every is None
    watchdog.alive()
    assert received(systemd) == []


def test_elsewhere_than_under_systemd_nothing_happens(fake_clock: FakeClock) -> None:
    watchdog = Watchdog(fake_clock, {})
    watchdog.ready()
    watchdog.alive()
    watchdog.stopping()


def test_a_systemd_that_does_not_listen_stops_nothing(fake_clock: FakeClock, tmp_path: Path) -> None:
    Watchdog(fake_clock, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


def test_an_abstract_socket_is_understood(fake_clock: FakeClock) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0davylamp-test-{os.getpid()}")
        sock.setblocking(False)
        Watchdog(fake_clock, {"NOTIFY_SOCKET": f"@davylamp-test-{os.getpid()}"}).ready()
        assert received(sock) == ["READY=1"]


def test_no_child_process_speaks_in_our_name(systemd: socket.socket, fake_clock: FakeClock) -> None:
    mine = environment(systemd, WATCHDOG_USEC="1000000")
    Watchdog(fake_clock, mine)
    assert mine == {}
