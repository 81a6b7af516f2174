"""`davylamp dashboard` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


class DashboardProcess:
    """`davylamp dashboard` at a port of its own.

    Parameters
    ----------
    folder
        Where it keeps its history and its log.
    broker_port
        Port of the broker on this computer.
    listen
        Port of the page, or its address; 0: a free one.
    config
        A gateway file that names the broker, in place of its port.

    Attributes
    ----------
    address : str
        Address of the page.
    """

    def __init__(self, folder: Path, broker_port: int, listen: int | str = 0, config: Path | None = None) -> None:
        self.log = folder / "dashboard.log"
        where = ["--broker", f"127.0.0.1:{broker_port}"] if config is None else ["-c", str(config)]
        command = [sys.executable, "-m", "davylamp", "dashboard", *where]
        command += ["--listen", str(listen), "--history", str(folder / "dashboard.db")]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("http"), self.log.read_text()
        self.address = line.partition(";")[0].strip() + "/"

    @property
    def port(self) -> int:
        """Port of the page."""
        return int(self.address.rstrip("/").rpartition(":")[2])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    @property
    def resident_mib(self) -> float:
        """Resident memory [MiB]."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
