"""`davylamp agent` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parent.parent
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}  # the journal lies in the working directory


class AgentProcess:
    """`davylamp agent`, as systemd would start it."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self.config = folder / "gateway.yaml"
        self.config.write_text(gateway)
        self.log = folder / "agent.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "davylamp", "agent", "-c", str(self.config)]
            self.process = subprocess.Popen(command, cwd=self.config.parent, stdout=log, stderr=log, env=_ENVIRONMENT)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait; return the exit code and how long the process took [s]."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - begun


class StartAgentProcess(Protocol):
    """The fixture ``agent_process``."""

    def __call__(self, port: int, settings: str = "") -> AgentProcess:
        """Start an agent at a broker's port, with more lines in its gateway.yaml."""
