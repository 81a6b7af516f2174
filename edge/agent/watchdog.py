"""Reports to systemd how the agent is (sd_notify), without a dependency."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping

from edge.clock import Clock


class Watchdog:
    """Reports to systemd if it has started the agent, and does nothing otherwise.

    Parameters
    ----------
    clock
        Paces :meth:`alive`.
    environment
        Where systemd gives its socket and the watchdog's time-out; the variables are removed, so that no child
        process reports in our name.

    Attributes
    ----------
    every : float or None
        How often :meth:`alive` must be called [s]: half of the time-out; ``None`` without a watchdog.
    """

    def __init__(self, clock: Clock, environment: MutableMapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.pop("NOTIFY_SOCKET", "")
        timeout = environment.pop("WATCHDOG_USEC", "")
        wanted = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.every = int(timeout) / 2e6 if address and wanted and timeout.isdecimal() else None
        # A name that begins with @ is an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._clock = clock
        self._fed = -float("inf")
        self._status = ""

    def ready(self) -> None:
        """Report that the start is over: the bundles are verified, the loop begins."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Report that the settings are read again; :meth:`ready` reports that this is over."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={self._clock.monotonic() * 1e6:.0f}")

    def alive(self) -> None:
        """Report, as often as needed, that the loop goes round; call it from the loop and from nowhere else."""
        now = self._clock.monotonic()
        # A turn may wait for half of the time-out, so two reports fit into that time.
        if self.every is not None and now - self._fed >= self.every / 2:
            self._fed = now
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Report what `systemctl status` should show."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """Report a stop on purpose."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # If systemd cannot be reached, that is no reason to stop: without a report it restarts the agent anyway.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1.0)
            sock.sendto(text.encode(), self._address)
