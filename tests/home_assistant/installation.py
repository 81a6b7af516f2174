"""Home Assistant in an environment of its own, below build/home-assistant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERSION = "2025.4.4"
"""The oldest release whose rules the payloads follow; it needs Python 3.13."""

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / "build" / "home-assistant"
PYTHON = FOLDER / "venv" / "bin" / "python"
_FRONTEND = "20250411.0"
_READY = FOLDER / f"installed-{VERSION}-{_FRONTEND}"


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def find_python() -> str | None:
    """Return a Python 3.13, if there is one."""
    asked = os.environ.get("HOME_ASSISTANT_PYTHON")
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.13*/bin/python"))
    return asked or shutil.which("python3.13") or (str(pyenv[-1]) if pyenv else None)


def install() -> str | None:
    """Install it, unless it is there; returns why that is not possible."""
    if _READY.exists():
        return None
    python = find_python()
    if python is None:
        return "there is no Python 3.13; HOME_ASSISTANT_PYTHON may name one"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    for command in (
        [python, "-m", "venv", str(PYTHON.parents[1])],
        [str(PYTHON), *pip, f"homeassistant=={VERSION}", "paho-mqtt", f"home-assistant-frontend=={_FRONTEND}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason"])[-1]
    _READY.touch()
    return None


def judge(payloads: list[dict[str, Any]]) -> list[str | None]:
    """Return what Home Assistant's own schema code says of each payload; ``None``: it takes it."""
    done = subprocess.run(
        [PYTHON, HERE / "judge.py"], input=json.dumps(payloads), capture_output=True, text=True, check=True, timeout=120
    )
    found: list[str | None] = json.loads(done.stdout)
    return found


class HomeAssistantProcess:
    """Home Assistant, connected to a broker; with pages if there is a YAML file of its dashboard."""

    def __init__(self, folder: Path, port: int, dashboard: Path | None = None) -> None:
        pages = [] if dashboard is None else [dashboard]
        self._log = folder / "home-assistant.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [PYTHON, HERE / "instance.py", folder / "home-assistant", str(port), *pages],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", self._log.read_text()

    def states(self) -> dict[str, Any]:
        """Return the state and the attributes of every entity."""
        states: dict[str, Any] = self._ask("states")
        return states

    def login(self) -> dict[str, Any]:
        """Return the address of its pages, and the tokens that they keep of a login."""
        login: dict[str, Any] = self._ask("login")
        return login

    def call(self, service: str, entity: str, **data: Any) -> None:
        """Call a service, such as ``button.press``."""
        domain, _, name = service.partition(".")
        self._ask(f"call {json.dumps([domain, name, entity, data])}")

    def wait(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> float:
        """Wait until something holds of the states; returns how long that took [s]."""
        begun = time.monotonic()
        while True:
            states = self.states()
            try:
                if holds(states):
                    return time.monotonic() - begun
            except (KeyError, IndexError, ValueError):
                pass  # the entity is not there yet, or has no value
            assert time.monotonic() - begun < seconds, states
            time.sleep(0.05)

    def warnings(self) -> list[str]:
        """Return the warnings and errors about MQTT so far."""
        return [
            line
            for line in self._log.read_text().splitlines()
            if any(level in line for level in (" WARNING ", " ERROR ")) and ("mqtt" in line or "template" in line)
        ]

    def stop(self) -> None:
        """Stop it, as a restart does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _ask(self, command: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
