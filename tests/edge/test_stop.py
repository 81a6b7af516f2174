"""A signal ends every kind of waiting."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time

import pytest

from edge.stop import Stop


def kill_soon(number: int, seconds: float = 0.1) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), number)).start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_wakes_select(number: int) -> None:
    with Stop() as stop:
        kill_soon(number)
        readable, _, _ = select.select([stop], [], [], 10)
        assert readable == [stop]
        assert stop.requested


def test_a_signal_that_came_before_select_still_wakes_it() -> None:
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert select.select([stop], [], [], 10)[0] == [stop]


def test_once_drained_select_waits_again() -> None:
    with Stop() as stop:
        stop.request()
        stop.drain()
        assert select.select([stop], [], [], 0) == ([], [], [])
        assert stop.requested


def test_a_signal_ends_a_blocking_call() -> None:
    left, right = socket.socketpair()
    with Stop() as stop, left, right:
        left.settimeout(10)
        kill_soon(signal.SIGTERM)
        begun = time.monotonic()
        assert stop.interruptible(lambda: left.recv(1)) is None
        assert time.monotonic() - begun < 5
        assert stop.requested


def test_no_blocking_call_begins_after_a_stop_is_requested() -> None:
    with Stop() as stop:
        stop.request()
        assert stop.interruptible(lambda: pytest.fail("called")) is None


def test_a_call_that_nobody_interrupts_returns_and_raises_as_it_would() -> None:
    with Stop() as stop:
        assert stop.interruptible(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            stop.interruptible(lambda: 1 / 0)
        os.kill(os.getpid(), signal.SIGTERM)  # does not raise here any more
        assert stop.requested


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stop():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1
