"""Runs a small MQTT 3.1.1 broker (amqtt) as a process of its own, for a machine without a broker."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from config.extras import missing_extra_fix
from export.errors import ExportError

_START_TIMEOUT = 20.0  # [s]


def broker_command(port: int, folder: Path) -> list[str]:
    """Write the embedded broker's settings into ``folder``; return the command that starts it on a loopback port."""
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    path = folder / "broker.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(path)]


class EmbeddedBroker:
    """An anonymous broker on a free loopback port, running inside a ``with`` block.

    It persists nothing and speaks MQTT 3.1.1 only: for the demo and for tests, not for a station.

    Raises
    ------
    ExportError
        amqtt is not installed or does not start within 20 s.
    """

    host = "127.0.0.1"
    protocol = "3.1.1"

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind((self.host, 0))
            self.port = int(probe.getsockname()[1])
        self._folder = tempfile.TemporaryDirectory(prefix="davylamp-broker-")
        command = broker_command(self.port, Path(self._folder.name))
        self._log = (Path(self._folder.name) / "broker.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            command,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the demo first: the agent disconnects before its broker stops
        )
        self._wait()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((self.host, self.port), timeout=0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        self.__exit__(None, None, None)
        raise ExportError(
            f"embedded broker: did not start ({lines[-1] if lines else 'it logged nothing'}); "
            f"fix: {missing_extra_fix('demo')}, or name a running broker with --broker HOST[:PORT]"
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()
