"""Wheelhouse: every wheel of a gateway's environment, downloaded here, so that the gateway needs no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from edge.deployment.target import Target
from edge.deployment.tight_wheel import tighten_wheel
from edge.errors import DeploymentError

DEBIAN = Path("/usr/share/python-wheels")
"""Where Debian keeps the wheels that ``ensurepip`` installs."""

_PACKING = "large members by LZMA"  # how the wheels of a cache are packed
_UNREACHABLE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "Temporary failure",
    "Max retries exceeded",
)
_NO_WHEEL = ("No matching distribution", "Could not find a version", "ResolutionImpossible")
_INSTALLER = "pip"  # run on the gateway out of its wheel, by path; it is not installed


class Wheelhouse:
    """The wheels of the packages that davylamp needs on one kind of machine, kept in the user's cache.

    Parameters
    ----------
    target
        The machine.
    requirements
        What davylamp needs, e.g. ``numpy>=1.26``.
    constraints
        File with the tested versions.
    cache
        Folder for the wheels; default: davylamp's folder in the user's cache.
    """

    def __init__(
        self, target: Target, requirements: Sequence[str], constraints: Path, cache: Path | None = None
    ) -> None:
        self._target = target
        self._requirements = [*requirements, _INSTALLER]
        self._constraints = constraints
        text = "\n".join([_PACKING, *sorted(self._requirements), constraints.read_text(encoding="utf-8")])
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.folder = (cache or user_cache()) / f"wheelhouse-{target.tag}-{digest}"

    @property
    def complete(self) -> bool:
        """Whether the wheels are in the cache already."""
        return self.folder.is_dir()

    def wheels(self) -> list[Path]:
        """Return the wheels; download them unless they are in the cache.

        Raises
        ------
        DeploymentError
            There is no pip, no network, no wheel for this machine, or no room.
        """
        if not self.complete:
            try:
                self._download()
            except OSError as error:
                raise DeploymentError(
                    f"{error.filename or self.folder}: {error.strerror or error}; "
                    "fix: make room, or set XDG_CACHE_HOME to a folder that can be written"
                ) from error
        return sorted(self.folder.glob("*.whl"))

    def _download(self) -> None:
        parent = self.folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=parent))
        try:
            self._run_pip(fresh)
            if not any(fresh.glob("*.whl")):
                raise DeploymentError(f"{fresh}: pip downloaded no wheel; fix: try again")
            for wheel in fresh.glob("*.whl"):
                tighten_wheel(wheel)
            fresh.chmod(0o755)
            try:
                fresh.rename(self.folder)  # complete, or not there
            except OSError:  # another deploy was faster
                if not self.complete:
                    raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _run_pip(self, folder: Path) -> None:
        target = self._target
        version = ".".join(map(str, target.python[:2]))
        command = [
            *pip_command(), "download", "--disable-pip-version-check", "--no-input", "--quiet",
            "--retries", "2", "--timeout", "20",
            "--dest", str(folder), "--constraint", str(self._constraints),
            "--only-binary", ":all:", "--implementation", "cp", "--python-version", version,
            "--abi", f"cp{version.replace('.', '')}", "--abi", "abi3", "--abi", "none",
            *(word for platform in target.platforms for word in ("--platform", platform)),
            *self._requirements,
        ]  # fmt: skip
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DeploymentError(self._fault(done.stderr))

    def _fault(self, stderr: str) -> str:
        """Put pip's many lines into one sentence."""
        if any(word in stderr for word in _UNREACHABLE):
            return (
                f"wheelhouse: the package index cannot be reached, and {self.folder} is not there yet; "
                "fix: connect this computer to the internet once"
            )
        errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[0] if errors else (stderr.strip().splitlines() or ["no message"])[-1]
        if any(word in stderr for word in _NO_WHEEL):
            return (
                f"wheelhouse: no wheels for {self._target}: {reason}; fix: use a Python on the gateway that has wheels "
                "(3.11 to 3.13)"
            )
        return (
            f"wheelhouse: pip download failed: {reason}; fix: pip config list shows its settings; then run this again"
        )


def user_cache() -> Path:
    """Return davylamp's folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache") / "davylamp"


def pip_command() -> list[str]:
    """Return the words that run a pip: this environment's, or the one that Python brings along.

    Raises
    ------
    DeploymentError
        There is none.
    """
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    bundled = find_spec("ensurepip")
    folders = [Path(origin).parent / "_bundled" for origin in [bundled and bundled.origin] if origin]
    given = sysconfig.get_config_var("WHEEL_PKG_DIR")
    folders += [Path(given)] if given else []
    for folder in [*folders, DEBIAN]:
        for wheel in sorted(folder.glob("pip-*.whl"), reverse=True):
            return [sys.executable, str(wheel / "pip")]
    raise DeploymentError(
        f"pip: {sys.executable} has none, and it downloads the gateway's packages; "
        f"fix: {sys.executable} -m ensurepip, or uv pip install pip"
    )
