"""What an installation needs of the machine: its age, its clock, Python, and wheels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.deployment import wheel_source
from edge.deployment.machine import Machine
from edge.deployment.own_wheel import OwnWheel
from edge.deployment.preflight import Preflight
from edge.deployment.service import Service
from edge.deployment.target import Target
from edge.deployment.wheel_source import WheelSource
from edge.deployment.wishes import Wishes
from edge.errors import DeploymentError
from tests.edge.deployment.fake_gateway import Desk, FakeGateway


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sync", lambda: None)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_agent_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    gateway = FakeGateway(tmp_path / "root")
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    answers = {"show": "ActiveState=activating\nSubState=start\nInvocationID=2\nLoadState=loaded\nResult=success\n"}

    def run(words: Sequence[str], variables: object, seconds: float) -> object:
        text = answers.get(words[1], "")
        return SimpleNamespace(returncode=0, stdout=text, stderr="")

    machine = Machine(gateway.root, run)  # type: ignore[arg-type]
    with pytest.raises(DeploymentError, match=r"not ready within 60 s: systemd reports success, exit code unknown"):
        Service(machine, sleep=sleep, monotonic=lambda: now).restart()
    answers["show"] = "ActiveState=inactive\nLoadState=bad-setting\n"
    with pytest.raises(DeploymentError, match=r"systemd cannot load davylamp.service: bad-setting"):
        Service(machine, sleep=sleep, monotonic=lambda: now).restart()


def test_an_old_system_and_its_clock_are_named(tmp_path: Path) -> None:
    gateway = FakeGateway(tmp_path / "root")
    gateway.answers = {
        "systemctl --version": "systemd 241 (241)\n",
        "timedatectl show": "no\n",
    }
    preflight = Preflight(gateway.machine, now=86_400.0)
    assert [line.split(",")[0] for line in preflight.problems()] == ["systemd: got 241", "clock: got 1970-01-02"]
    (gateway.root / "proc").mkdir()
    (gateway.root / "proc/meminfo").write_text("MemTotal: 420000 kB\nMemAvailable: 60000 kB\n")
    gateway.answers = {"timedatectl show": "no\n"}
    preflight = Preflight(gateway.machine)
    assert preflight.problems() == []
    assert [line.split(":")[0] for line in preflight.warnings] == ["memory", "clock"]


def test_a_python_without_its_library_is_named(desk: Desk) -> None:
    machine = desk.gateway.machine
    answer = desk.gateway._answer

    def minimal(words: list[str]) -> tuple[int, str]:
        return (0, "venv\nsqlite3\n") if "importlib" in words[-1] else answer(words)

    desk.gateway._answer = minimal  # type: ignore[method-assign]
    assert Preflight(machine).problems() == ["python3: it lacks venv, sqlite3; fix: sudo apt install python3-venv"]


def test_wheels_are_downloaded_where_none_are_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk.gateway.wheelhouse(desk.folder / "index", "index")
    asked = []

    class Downloaded:
        def __init__(self, target: Target, requirements: Sequence[str], constraints: Path, cache: Path) -> None:
            assert "numpy==" in constraints.read_text()
            asked.append(str(target))
            self.folder = cache / "wheelhouse"

        def wheels(self) -> list[Path]:
            self.folder.mkdir()
            for name in ("pip-26.0-py3-none-any.whl", "numpy-2.4.6-cp311.whl"):
                (self.folder / name).write_bytes((source / name).read_bytes())
            return sorted(self.folder.iterdir())

    name = "davylamp-0.2.0-py3-none-any.whl"
    ours = OwnWheel(name, (source / name).read_bytes(), ("numpy",))
    monkeypatch.setattr(wheel_source, "Wheelhouse", Downloaded)
    monkeypatch.setattr(wheel_source, "own_wheel", lambda: ours)
    monkeypatch.setattr(Desk, "wheels", lambda self, content: None)
    desk.install()
    assert desk.gateway.running == "index"
    assert asked == ["arm64, Python 3.11, glibc 2.36"]
    assert not (desk.gateway.root / "opt/davylamp.d/wheels").exists()
    desk.install(dry_run=True)
    assert "its wheels would be downloaded" in desk.text


def test_the_environment_that_runs_us_is_used_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.install()
    monkeypatch.setattr(sys, "prefix", str(desk.path("/opt/davylamp")))
    monkeypatch.setattr(Desk, "wheels", lambda self, content: None)
    other = desk.folder / "two.davy"
    other.write_bytes(b"two")
    desk.install(bundles=(other,), dry_run=True)
    assert "environment 0.2.0-" in desk.said[-5]
    desk.install(bundles=(other,))
    assert desk.path("/etc/davylamp/two.davy").exists()
    assert len(desk.names("opt/davylamp.d/environments")) == 1


def test_nothing_is_downloaded_offline(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "wheels", lambda self, content: None)
    with pytest.raises(DeploymentError, match="--offline: the wheels are not here; fix: --wheelhouse DIR"):
        desk.install(offline=True)


def test_a_python_that_cannot_download_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pip() -> list[str]:
        raise DeploymentError("no pip")

    monkeypatch.setattr(wheel_source, "pip_command", no_pip)
    monkeypatch.setattr(wheel_source, "find_spec", lambda name: None)
    source = WheelSource(Machine(tmp_path), Wishes())
    assert source.problems() == [
        "python3: got neither pip nor ensurepip to download with; fix: sudo apt install python3-venv"
    ]
