"""Runs Mosquitto with the shipped settings on a port of its own; it can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SHIPPED = Path(__file__).parent.parent.parent / "config" / "templates" / "mosquitto.conf"
MISSING = "mosquitto: not found on PATH or in /usr/sbin; fix: apt install mosquitto"
_PATIENCE = 15.0  # [s]
_PORTS = (20_000, 32_000)  # connections have ports from 32,768 on


class Broker:
    """A Mosquitto process.

    Parameters
    ----------
    folder
        Folder for its settings, its data and its log.
    lines
        Settings that replace those with the same keyword.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        program = mosquitto()
        if program is None:
            raise SystemExit(MISSING)
        folder.mkdir()
        self.port = free_port()
        self._log = folder / "broker.log"
        self._folder = folder
        self._settings = folder / "mosquitto.conf"
        self._lines = lines
        self.limit()
        self._command = [program, "-c", str(self._settings)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Identifier of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process, and wait until it accepts connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise SystemExit(f"mosquitto did not start:\n{self._log.read_text(errors='replace')}")

    def limit(self, *lines: str) -> None:
        """Add settings, in place of those that were added before; they hold from the next start on."""
        self._settings.write_text(adapted_settings(self.port, self._folder, (*self._lines, *lines)))

    def save(self) -> None:
        """Let it write what waits to its disk."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop the process (SIGTERM), or kill it (SIGKILL)."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE)


def mosquitto() -> str | None:
    """Find the program; ``None`` without it."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """Return a port on which nobody listens, outside the range of which connections take theirs.

    There a broker that is away for a while finds its port taken when it comes back.
    """
    choice = random.SystemRandom()
    while True:
        port = choice.randrange(*_PORTS)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def adapted_settings(port: int, folder: Path, lines: tuple[str, ...]) -> str:
    """Shipped settings with another port and data folder, and ``lines`` for those with the same keyword."""
    ours = [f"listener {port} 127.0.0.1", f"persistence_location {folder}/", *lines]
    if os.geteuid() == 0:
        ours.append("user root")  # otherwise Mosquitto becomes a user who may not write here
    replaced = {line.split()[0] for line in ours}
    kept = [line for line in SHIPPED.read_text().splitlines() if line.strip() and line.split()[0] not in replaced]
    return "\n".join([*kept, *ours, ""])
