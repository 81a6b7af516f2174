"""Runs the agent as a process of its own, with a gateway file made for the demo."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from config.atomic import write_text
from export.demo.demo_client import DemoClient
from export.errors import ExportError

_ONLINE_TIMEOUT = 20.0  # [s]
_STOP_TIMEOUT = 5.0  # [s]

_GATEWAY = """\
# The demo's gateway file. Try the agent yourself with: davylamp agent -c {path}
gateway: demo
broker: {{host: {host}, port: {port}, protocol: {protocol}}}
stations:
  - topic: sensors/{{station}}/readings
    bundle: {bundle}
alarms:
  methane: {{enhancement_ppb: 1000}}
journal:
  path: {journal}
"""


class AgentProcess:
    """``davylamp agent`` on the demo's bundle, running inside a ``with`` block.

    Parameters
    ----------
    folder
        Folder for gateway.yaml, agent.log and the journal; the journal of an earlier demo is deleted.
    bundle
        The bundle to score with.
    host, port
        The broker.
    protocol
        Version of MQTT to speak with it.
    """

    def __init__(self, folder: Path, bundle: Path, host: str, port: int, protocol: str) -> None:
        self._gateway = folder / "gateway.yaml"
        self.log = folder / "agent.log"
        journal = folder.resolve() / "journal.db"
        for ending in ("", "-wal", "-shm"):
            journal.with_name(journal.name + ending).unlink(missing_ok=True)
        text = _GATEWAY.format(
            path=self._gateway,
            host=host,
            port=port,
            protocol=protocol,
            bundle=bundle.name,
            journal=json.dumps(str(journal)),
        )
        write_text(self._gateway, text)

    def __enter__(self) -> Self:
        self._log = self.log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "davylamp", "agent", "-c", str(self._gateway)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the demo, which then stops the agent in order
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def wait_online(self, client: DemoClient) -> None:
        """Wait for the birth message.

        Raises
        ------
        ExportError
            It did not arrive within 20 s, or the agent ended.
        """
        client.wait(lambda: client.state == "online" or self._process.poll() is not None, _ONLINE_TIMEOUT)
        self.check_alive()
        if client.state != "online":
            raise ExportError(f"agent: not online after {_ONLINE_TIMEOUT:.0f} s; its log: {self.log}")

    def check_alive(self) -> None:
        """Raise ExportError when the agent has ended."""
        if self._process.poll() is not None:
            lines = self.log.read_text(encoding="utf-8").strip().splitlines()
            raise ExportError(
                f"agent: ended by itself ({lines[-1] if lines else 'it logged nothing'}); its log: {self.log}"
            )
