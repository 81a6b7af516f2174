"""Runs `davylamp agent` as a process and restarts it when it dies, as systemd would."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

RUNNER = Path(__file__).parent / "jumping_clock.py"
ROOT = RUNNER.parent.parent.parent
_RESTART_AFTER = 1.0  # [s] after an unexpected end
_PATIENCE = 20.0  # [s] for a clean stop


class Agent:
    """The agent's process.

    Parameters
    ----------
    folder
        Folder for its settings, its log and the offset of its clock.
    gateway
        Text of gateway.yaml.
    jumps
        Whether the agent runs with a clock that :meth:`jump` can move.

    Attributes
    ----------
    exits
        Exit codes of clean stops.
    deaths
        Exit codes of unexpected ends.
    """

    def __init__(self, folder: Path, gateway: str, *, jumps: bool = False) -> None:
        folder.mkdir()
        self.exits: list[int] = []
        self.deaths: list[int] = []
        self.starts = 0
        self.log = folder / "agent.log"
        settings = folder / "gateway.yaml"
        settings.write_text(gateway)
        offset = folder / "clock"
        offset.write_bytes(struct.pack("d", 0.0))
        with offset.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        program = [str(RUNNER), str(offset)] if jumps else ["-m", "davylamp"]
        self._command = [sys.executable, *program, "agent", "-c", str(settings)]
        self._process: subprocess.Popen[bytes] | None = None
        self._counted: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._lock = threading.RLock()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._supervisor.start()

    @property
    def pid(self) -> int:
        """Identifier of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process."""
        with self._lock, self.log.open("ab") as log:
            environment = os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment)
            self._wanted = True
            self.starts += 1

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""
        with self._lock:
            self._wanted = False
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def stop(self) -> None:
        """Terminate the process (SIGTERM) as soon as it handles the signal, and note its exit code."""
        with self._lock:
            self._wanted = False
            assert self._process is not None
            while self._process.poll() is None and not _catches_sigterm(self.pid):
                time.sleep(0.01)
            if self._process.poll() is not None:
                self._count_end()
                return
            self._process.terminate()
            try:
                code = self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                code = -signal.SIGKILL
            self.exits.append(code)

    def pause(self, *, paused: bool) -> None:
        """Suspend the process, or let it go on."""
        with self._lock:
            assert self._process is not None
            self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def jump(self, seconds: float) -> None:
        """Move the wall clock of the agent."""
        (offset,) = struct.unpack("d", self._offset[:])
        self._offset[:] = struct.pack("d", offset + seconds)

    def _supervise(self) -> None:
        restart_at = 0.0
        while True:
            time.sleep(0.05)
            with self._lock:
                if not self._wanted or self._process is None or self._process.poll() is None:
                    restart_at = 0.0
                elif not restart_at:
                    restart_at = time.monotonic() + _RESTART_AFTER
                    self._count_end()
                elif time.monotonic() >= restart_at:
                    restart_at = 0.0
                    self.start()

    def _count_end(self) -> None:
        """Count an unexpected end, once."""
        assert self._process is not None
        if self._counted is not self._process:
            self._counted = self._process
            self.deaths.append(self._process.returncode)


def _catches_sigterm(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True  # it is gone
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
