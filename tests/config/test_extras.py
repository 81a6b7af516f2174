"""The hint of a missing extra fits how davylamp was installed, and never brings CUDA along."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path

import pytest

from config.extras import EXTRAS, InstalledPackage, missing_extra_fix

PIP = "pip install torch --index-url https://download.pytorch.org/whl/cpu && "


class Files:
    """The files that an installer leaves."""

    def __init__(self, **files: str) -> None:
        self._files = files

    def read_text(self, name: str) -> str | None:
        return self._files.get(name.replace(".", "_"))


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with a `pip` of its own, which is on the path."""
    prefix = tmp_path / "davylamp"
    pip = prefix / "bin" / "pip"
    pip.parent.mkdir(parents=True)
    pip.write_text("#!/bin/sh\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{pip.parent}{os.pathsep}/usr/bin")
    return prefix


def installed(monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _: Files(**files))


@pytest.mark.parametrize(
    ("marker", "installer", "trainer", "watch"),
    [
        ("", "pip", f"{PIP}pip install 'davylamp[trainer]'", "pip install 'davylamp[watch]'"),
        (
            "pipx_metadata.json",
            "pip",
            PIP.replace("pip", "pipx runpip davylamp") + "pipx runpip davylamp install 'davylamp[trainer]'",
            "pipx runpip davylamp install 'davylamp[watch]'",
        ),
        (
            "uv-receipt.toml",
            "uv",
            "uv tool install --force --torch-backend cpu 'davylamp[trainer]'",
            "uv tool install --force 'davylamp[watch]'",
        ),
        (
            "",
            "uv",
            "uv pip install --python PREFIX --torch-backend cpu 'davylamp[trainer]'",
            "uv pip install --python PREFIX 'davylamp[watch]'",
        ),
    ],
    ids=["pip", "pipx", "uv tool", "uv pip"],
)
def test_the_command_is_that_of_the_tool_that_installed_it(
    environment: Path, monkeypatch: pytest.MonkeyPatch, marker: str, installer: str, trainer: str, watch: str
) -> None:
    installed(monkeypatch, INSTALLER=f"{installer}\n")
    if marker:
        (environment / marker).write_text("{}")
    assert missing_extra_fix("trainer") == trainer.replace("PREFIX", str(environment))
    assert missing_extra_fix("watch") == watch.replace("PREFIX", str(environment))


def test_a_pip_that_is_another_environments_is_not_named(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, INSTALLER="pip")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert missing_extra_fix("watch") == f"{sys.executable} -m pip install 'davylamp[watch]'"


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ({"url": "file:///home/me/davy%20lamp", "dir_info": {"editable": True}}, "-e '/home/me/davy lamp[watch]'"),
        ({"url": "file:///home/me/davylamp", "dir_info": {}}, "'davylamp[watch] @ file:///home/me/davylamp'"),
        (
            {"url": "https://example.org/davylamp", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "'davylamp[watch] @ git+https://example.org/davylamp@abc'",
        ),
        ({"dir_info": {}}, "'davylamp[watch]'"),
        ([], "'davylamp[watch]'"),
    ],
)
def test_what_came_from_a_folder_or_an_address_comes_from_there_again(
    environment: Path, monkeypatch: pytest.MonkeyPatch, origin: object, wanted: str
) -> None:
    installed(monkeypatch, INSTALLER="pip", direct_url_json=json.dumps(origin))
    assert missing_extra_fix("watch") == f"pip install {wanted}"


def test_a_clone_that_nobody_installed_has_a_hint_as_well(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> object:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "distribution", missing)
    assert missing_extra_fix("watch") == "pip install 'davylamp[watch]'"


def test_outside_linux_pypis_torch_has_no_cuda(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert InstalledPackage("uv tool", environment).command("trainer") == "uv tool install --force 'davylamp[trainer]'"


def test_every_package_of_an_extra_is_known() -> None:
    import tomllib

    from tests.terminal_process import ROOT

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    packages = {
        each.partition(">")[0]: extra for extra in ("trainer", "watch", "dashboard", "fleet") for each in extras[extra]
    }
    del packages["davylamp[trainer]"]  # of the extra fleet
    packages["sklearn"] = packages.pop("scikit-learn")
    packages["sse_starlette"] = packages.pop("sse-starlette")
    packages |= {"export": "trainer", "trainer": "trainer"}  # our own, which the agent alone lacks
    assert {name: extra for name, extra in EXTRAS.items() if extra != "demo"} == packages
