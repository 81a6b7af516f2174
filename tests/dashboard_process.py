"""`davylamp dashboard` in a process of its own."""

from __future__ import annotations

<<<<<<< HEAD
=======
import json
>>>>>>> 226254c (Tests of the page's history: its figures, its speed, its limits, a full disk, damage, kill -9)
import os
import signal
import subprocess
import sys
<<<<<<< HEAD
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
        Port of the page; 0: a free one.

    Attributes
    ----------
    address : str
        Address of the page.
    """

    def __init__(self, folder: Path, broker_port: int, listen: int = 0) -> None:
        self.log = folder / "dashboard.log"
        command = [sys.executable, "-m", "davylamp", "dashboard", "--broker", f"127.0.0.1:{broker_port}"]
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
=======
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


class DashboardProcess:
    """The page, as a person would start it; its history lies in the folder."""

    def __init__(self, folder: Path, *words: str, port: int) -> None:
        self.port = port
        self.folder = folder
        self.log = folder / "dashboard.log"
        self._words = words
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "davylamp", "dashboard", "--listen", f"{self.port}", *self._words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=_ENVIRONMENT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.request("GET", "/api/overview")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the page did not start:\n{self.log.read_text()}")
>>>>>>> 226254c (Tests of the page's history: its figures, its speed, its limits, a full disk, damage, kill -9)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
<<<<<<< HEAD
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
=======
        return self.process.wait(15)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (in lower case) and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            given = {"content-type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), given | (headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return a JSON answer."""
        status, _, body = self.request("GET", f"{path}?{urlencode(query)}" if query else path)
        assert status == 200, body
        return json.loads(body)

    def wait(self, condition: Callable[[Any], Any], timeout: float = 15.0) -> Any:
        """Wait until the overview fulfils a condition, and return what that returns."""
        deadline = time.monotonic() + timeout
        while True:
            overview = self.get("/api/overview")
            if found := condition(overview):
                return found
            assert time.monotonic() < deadline, json.dumps(overview, indent=1)
            time.sleep(0.05)

    @contextmanager
    def stream(self, headers: dict[str, str] | None = None) -> Iterator[Iterator[tuple[str, Any]]]:
        """Read server-sent events as (name, body)."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/api/stream", headers=headers or {})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()

        def events() -> Iterator[tuple[str, Any]]:
            name = ""
            while line := answer.readline().decode():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ").strip()
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

        try:
            yield events()
        finally:
            connection.close()

    @property
    def resident_mib(self) -> float:
        """Resident memory of the process [MiB]."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
>>>>>>> 226254c (Tests of the page's history: its figures, its speed, its limits, a full disk, damage, kill -9)
