"""A container is healthy as long as the agent's loop goes round."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.agent.watchdog import Watchdog
from edge.deployment import container_health as module
from edge.deployment.container_health import container_health
from tests.doubles import FakeClock


def checked(socket: Path | str, patience: float = 0.2) -> tuple[int, str]:
    out = io.StringIO()
    code = container_health({"NOTIFY_SOCKET": str(socket), "WATCHDOG_USEC": f"{patience * 1e6:.0f}"}, out)
    return code, out.getvalue()


def test_an_agent_that_reports_is_healthy_and_the_check_leaves_nothing(tmp_path: Path) -> None:
    path, clock, over = tmp_path / "health.socket", FakeClock(), threading.Event()
    watchdog = Watchdog(clock, {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "20000000"})

    def turns() -> None:
        while not over.wait(0.005):
            clock.time += 5.0
            watchdog.status("a status is not a sign of life")
            watchdog.alive()

    agent = threading.Thread(target=turns)
    agent.start()
    try:
        assert checked(path, patience=5) == (0, "the agent's loop goes round\n")
        assert checked(path, patience=5)[0] == 0  # again, and after one that was killed:
        path.touch()
        assert checked(path, patience=5)[0] == 0
    finally:
        over.set()
        agent.join()
    assert not path.exists()


def test_an_agent_that_does_not_report_is_not(tmp_path: Path) -> None:
    code, said = checked(tmp_path / "health.socket")
    assert (code, said) == (1, "no report from the agent's loop; fix: look into its log\n")


def test_a_patience_that_is_no_number_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 1e5)
    out = io.StringIO()
    assert container_health({"NOTIFY_SOCKET": str(tmp_path / "s"), "WATCHDOG_USEC": "20s"}, out) == 1
    assert "no report from the agent's loop" in out.getvalue()


def test_a_path_that_no_socket_takes_is_said_in_words(tmp_path: Path) -> None:
    code, said = checked(tmp_path / ("x" * 150))
    assert code == 1
    assert "too long; fix: mount a volume there" in said


def test_a_status_alone_is_no_sign_of_life(tmp_path: Path) -> None:
    path, over = tmp_path / "health.socket", threading.Event()
    watchdog = Watchdog(FakeClock(), {"NOTIFY_SOCKET": str(path)})

    def statuses() -> None:
        number = 0
        while not over.wait(0.005):
            watchdog.status(f"{(number := number + 1)}")

    agent = threading.Thread(target=statuses)
    agent.start()
    try:
        assert checked(path)[0] == 1
    finally:
        over.set()
        agent.join()


@pytest.mark.parametrize("socket", ["", "/nowhere/health.socket"])
def test_a_socket_that_cannot_be_is_said_in_one_line(socket: str) -> None:
    code, said = checked(socket)
    assert code == 1
    assert said.count("\n") == 1


def test_it_runs_by_its_path_without_any_package() -> None:
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(module.__file__)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("NOTIFY_SOCKET: got nothing")
