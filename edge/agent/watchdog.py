"""Watchdog: tells systemd how the agent is (sd_notify), without a dependency."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping

from edge.clock import Clock


class Watchdog:
    """Speaks to systemd where it listens, and is silent elsewhere.

    Parameters
    ----------
    clock
        Paces :meth:`alive`.
    environment
        Where systemd names its socket and the watchdog's patience; the variables are taken out, so that no child
        process speaks in our name.

    Attributes
    ----------
    every : float or None
        How often :meth:`alive` must be called [s]: half of the patience; ``None`` without a watchdog.
    """

    def __init__(self, clock: Clock, environment: MutableMapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.pop("NOTIFY_SOCKET", "")
        patience = environment.pop("WATCHDOG_USEC", "")
        wanted = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.every = int(patience) / 2e6 if address and wanted and patience.isdecimal() else None
        # A name that begins with @ is an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._clock = clock
        self._fed = -float("inf")
        self._status = ""

    def ready(self) -> None:
        """Say that the start is over: the bundles are verified, the loop begins."""
        self._send("READY=1")

    def alive(self) -> None:
        """Say, as often as is needed, that the loop goes round; to be called from the loop and from nowhere else."""
        now = self._clock.monotonic()
        # Half of the patience is how long a turn may wait; so two messages in that time.
        if self.every is not None and now - self._fed >= self.every / 2:
            self._fed = now
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a few words what `systemctl status` should show."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """Say that we stop on purpose."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # systemd that does not listen is no reason to stop: without a word from us it restarts the agent anyway.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1.0)
            sock.sendto(text.encode(), self._address)
