"""davylamp's own wheel is the same from a checkout, from an installation and from itself, and pip installs it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from davylamp import __version__
from edge.deployment.own_wheel import OwnWheel, own_wheel

ROOT = Path(__file__).parents[3]
SCRIPT = "import sys; from edge.deployment.own_wheel import own_wheel; sys.stdout.buffer.write(own_wheel().data)"


@pytest.fixture(scope="module")
def wheel() -> OwnWheel:
    return own_wheel()


def _made_by(path: Path, folder: Path) -> bytes:
    """Return the wheel that a davylamp makes that is found at ``path``."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONPATH": str(path)}, cwd=folder,
        capture_output=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def test_it_holds_the_packages_the_unit_and_the_tested_versions(wheel: OwnWheel) -> None:
    assert wheel.name == f"davylamp-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(io.BytesIO(wheel.data)).namelist())
    assert {"davylamp.py", "config/templates/davylamp.service", "config/templates/constraints.txt"} <= names
    assert f"davylamp-{__version__}.dist-info/licenses/LICENSE" in names
    for package in ("config", "edge", "trainer", "export"):
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
        assert sources <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_it_needs_what_pyproject_lists_for_the_gateway(wheel: OwnWheel) -> None:
    assert [requirement.split(">")[0] for requirement in wheel.requirements] == [
        "msgspec", "numpy", "onnxruntime", "paho-mqtt", "pynacl", "pyyaml",
    ]  # fmt: skip


def test_the_same_sources_are_the_same_bytes(wheel: OwnWheel) -> None:
    assert own_wheel() == wheel


def test_it_runs_out_of_the_wheel_and_copies_itself(wheel: OwnWheel, tmp_path: Path) -> None:
    path = tmp_path / wheel.name
    path.write_bytes(wheel.data)
    assert _made_by(path, tmp_path) == wheel.data


@pytest.mark.skipif(find_spec("pip") is None, reason="pip is not installed here")
def test_pip_installs_it_and_the_installation_makes_it_again(wheel: OwnWheel, tmp_path: Path) -> None:
    path, there = tmp_path / wheel.name, tmp_path / "there"
    path.write_bytes(wheel.data)
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(there)]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, str(path)],
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull}, timeout=120, check=True, capture_output=True,
    )  # fmt: skip
    said = subprocess.run(
        [there / "bin" / "davylamp", "--version"], env={**os.environ, "PYTHONPATH": str(there)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout == f"davylamp {__version__}\n"
    assert _made_by(there, tmp_path) == wheel.data
