"""A real ssh server, a stand-in for ssh, and a davylamp that writes down how it was called."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.templates.templates import constraints_path
from edge.deployment.own_wheel import OwnWheel
from edge.deployment.probe import SCRIPT, Probe
from edge.deployment.remote import Remote
from edge.deployment.wheelhouse import Wheelhouse
from tests.running_sshd import RunningSshd

CALLED = """
import json, os, sys, time
folder = {folder!r}
found = dict(words=sys.argv[1:], cwd=os.getcwd(), user=os.getuid(), path=os.environ["PYTHONPATH"], files={{}})
for top, _, names in os.walk("."):
    for name in names:
        path = os.path.relpath(os.path.join(top, name))
        found["files"][path] = oct(os.stat(path).st_mode & 0o777)
found["private"] = oct(os.stat(".").st_mode & 0o777)
open(os.path.join(folder, "called.json"), "w").write(json.dumps(found))
print("install-service was here", flush=True)
{more}
sys.exit({code})
"""


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSshd]:
    """An ssh server; without one the test is skipped, and the summary says so."""
    server = RunningSshd(tmp_path_factory.mktemp("sshd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def davylamp_there(tmp_path: Path) -> Callable[..., OwnWheel]:
    """Make a wheel whose ``davylamp`` writes down how it was called, and ends with ``code`` after ``more``."""

    def make(code: int = 0, more: str = "") -> OwnWheel:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("davylamp.py", CALLED.format(folder=str(tmp_path), code=code, more=more))
        return OwnWheel("davylamp-9.9-py3-none-any.whl", file.getvalue(), ("numpy>=1",))

    return make


@pytest.fixture
def called(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Return what the davylamp on the gateway has written down."""

    def read() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / "called.json").read_text())
        return found

    return read


@pytest.fixture
def cache(tmp_path: Path) -> Callable[[Remote], Path]:
    """Make a cache that already holds the wheels (two small files) for the machine behind a remote."""

    def make(remote: Remote) -> Path:
        target = Probe.read(remote.read(SCRIPT)).target
        if problems := target.problems():
            pytest.skip(f"NOT TESTED ON THIS MACHINE: {problems[0]}")
        folder = Wheelhouse(target, ("numpy>=1",), constraints_path(), tmp_path / "cache").folder
        folder.mkdir(parents=True)
        for name in ("numpy-9-py3-none-any.whl", "pip-9-py3-none-any.whl"):
            (folder / name).write_bytes(os.urandom(200_000))
        return tmp_path / "cache"

    return make


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a shell script in place of a program."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, text: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    return make


@pytest.fixture
def stand_in(tmp_path: Path, program: Callable[[str, str], None]) -> Path:
    """Put a stand-in in place of ssh: it runs the command here, after a talkative login; returns its list of calls."""
    calls = tmp_path / "ssh-calls"
    program("id", "echo 0")
    program(
        "ssh",
        f'echo "$*" >>{calls}\n'
        'case "$*" in *"-O exit"*) exit 0 ;; esac\n'
        'while [ "$1" != -- ]; do shift; done\nshift 2\n'
        'echo "Welcome to davylamp-probe sudo=never"; echo "You have new mail" >&2\n'
        'exec sh -c "$*"',
    )
    return calls
