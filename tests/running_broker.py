"""A broker that the tests run, and can kill."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest


@dataclass
class RunningBroker:
    """A broker process with a folder and a port of its own."""

    command: list[str]
    folder: Path
    port: int
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 0.5).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        pytest.fail(f"the broker did not start:\n{(self.folder / 'broker.log').read_text(errors='replace')}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()


class StartBroker(Protocol):
    """The fixture ``start_broker``."""

    def __call__(self, *lines: str) -> RunningBroker:
        """Start a broker; ``lines`` replace the lines of ``mosquitto.conf`` with the same keyword."""
