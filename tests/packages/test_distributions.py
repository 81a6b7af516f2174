"""The sdist and the wheel are complete, accepted by an index, and install with pip, pipx and uv."""

from __future__ import annotations

import os
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from edge.deployment.own_wheel import own_wheel
from tests.packages.tools import ROOT, attempted, ran, tool

VERSION = own_wheel().name.split("-")[1]
# As a person would have them, but below the test's folder; uv trusts the system's certificates, as pip does.
INSTALL = {
    "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
    "UV_CONSTRAINT": str(ROOT / "constraints.txt"),
    "UV_NATIVE_TLS": "1",
}


def metadata(wheel: Path) -> tuple[set[str], str]:
    """Return the names of a wheel's members, and its METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        return names, archive.read(f"davylamp-{VERSION}.dist-info/METADATA").decode()


def test_twine_accepts_both_strictly(distributions: dict[str, Path]) -> None:
    said = ran(tool("twine"), "check", "--strict", *distributions.values())
    assert said.count("PASSED") == 2


def test_the_wheel_holds_what_davylamp_deploy_sends(distributions: dict[str, Path], tmp_path: Path) -> None:
    ours = tmp_path / "ours.whl"
    ours.write_bytes(own_wheel().data)
    info = f"davylamp-{VERSION}.dist-info"
    one, other = (
        {name for name in metadata(path)[0] if not name.startswith(info)} for path in (distributions["wheel"], ours)
    )
    assert one == other
    assert {"edge/py.typed", "config/templates/gateway.yaml"} <= one


def test_the_metadata_shows_the_readme_and_links(distributions: dict[str, Path]) -> None:
    described = Parser().parsestr(metadata(distributions["wheel"])[1])
    assert described["Description-Content-Type"] == "text/markdown"
    assert described["License-Expression"] == "Apache-2.0"
    assert len(described.get_all("Project-URL") or []) >= 4
    assert str(described.get_payload()).startswith("# davylamp")


def test_the_sdist_is_enough_to_build_from_and_holds_no_rubbish(distributions: dict[str, Path]) -> None:
    with tarfile.open(distributions["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "PKG-INFO",
        "LICENSE",
        "README.md",
        "constraints.txt",
        "systemd/container/Dockerfile",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("build", ".venv", "tests", "docs"))]
    assert distributions["sdist"].stat().st_size < 2_000_000


def tried(davylamp: Path, folder: Path) -> None:
    """Try an installation as a newcomer would."""
    assert ran(davylamp, "--version", folder=folder) == f"davylamp {VERSION}\n"
    ran(davylamp, "init", "station", folder=folder)
    assert {"gateway.yaml", "methane.yaml", "davylamp.service"} <= {
        path.name for path in (folder / "station").iterdir()
    }
    assert "gateway.yaml" in ran(davylamp, "help", "agent", folder=folder)


def missing_extra(davylamp: Path, folder: Path) -> str:
    """Return the last line of a training without the trainer."""
    done = attempted(davylamp, "train", "x.csv", "--station", "station/methane.yaml", "-o", "run", folder=folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_pip_installs_it(kind: str, distributions: dict[str, Path], tmp_path: Path) -> None:
    ran(tool("python"), "-m", "venv", tmp_path / "venv")
    ran(tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", distributions[kind], variables=INSTALL)
    tried(tmp_path / "venv/bin/davylamp", tmp_path)


def test_pipx_installs_it_and_the_hint_for_an_extra_is_pipxs(distributions: dict[str, Path], tmp_path: Path) -> None:
    places = {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    ran(tool("pipx"), "install", distributions["wheel"], variables=INSTALL | places)
    tried(tmp_path / "bin/davylamp", tmp_path)
    hint = missing_extra(tmp_path / "bin/davylamp", tmp_path)
    assert "fix: pipx runpip davylamp install torch --index-url " in hint
    ran(tool("pipx"), "uninstall", "davylamp", variables=places)
    assert not (tmp_path / "bin/davylamp").exists()


def test_uv_installs_it_as_a_tool_and_the_hint_for_an_extra_is_uvs(
    distributions: dict[str, Path], tmp_path: Path
) -> None:
    places = {
        "UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_PYTHON_DOWNLOADS": "never", "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }  # fmt: skip
    ran(tool("uv"), "tool", "install", "--quiet", distributions["wheel"], variables=INSTALL | places)
    tried(tmp_path / "bin/davylamp", tmp_path)
    assert "fix: uv tool install --force --torch-backend cpu " in missing_extra(tmp_path / "bin/davylamp", tmp_path)


@pytest.mark.parametrize("folder", ["container", "home-assistant"])
def test_hadolint_accepts_the_dockerfile(folder: str) -> None:
    assert ran(tool("hadolint"), ROOT / "systemd" / folder / "Dockerfile") == ""
