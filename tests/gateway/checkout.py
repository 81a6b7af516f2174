"""Copies of this checkout: a newer version, or one that is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.gateway.container import Finished

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build" / "gateway" / "cache"
"""Where `davylamp deploy` keeps what it downloads."""

_LEFT_OUT = {"tests", "benchmarks", "docs", "build", "dist", "runs", "demo-run"}
_MAKE_WHEEL = (
    "import sys; from pathlib import Path; from edge.deployment.own_wheel import own_wheel; "
    "wheel = own_wheel(); Path(sys.argv[1], wheel.name).write_bytes(wheel.data); print(wheel.name)"
)


class Checkout:
    """davylamp's sources in a folder of their own, with another version and further changes.

    Parameters
    ----------
    folder
        Where; made anew.
    suffix
        Appended to the version, e.g. ``.post1``.
    changes
        Path of a module: pattern and replacement.
    """

    def __init__(self, folder: Path, suffix: str, changes: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for source in ROOT.iterdir():
            if source.name in _LEFT_OUT or source.name.startswith("."):
                continue
            if source.is_dir():
                shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / source.name)
        edits = {"davylamp.py": (r'^__version__ = "(.*)"', rf'__version__ = "\g<1>{suffix}"')} | dict(changes or {})
        for name, (pattern, replacement) in edits.items():
            text = (folder / name).read_text()
            changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
            assert count, f"{name}: {pattern} is not there"
            (folder / name).write_text(changed)

    @property
    def version(self) -> str:
        found = re.search(r'^__version__ = "(.*)"', (self.folder / "davylamp.py").read_text(), flags=re.MULTILINE)
        assert found
        return found[1]

    def davylamp(self, *words: str | Path, timeout: float = 300.0) -> Finished:
        """Run the command line of this copy."""
        done = subprocess.run(
            [sys.executable, "-m", "davylamp", *map(str, words)], cwd=self.folder, env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=timeout, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout)

    def wheel(self, folder: Path) -> Path:
        """Make davylamp's wheel in a folder."""
        done = subprocess.run(
            [sys.executable, "-c", _MAKE_WHEEL, str(folder)],
            cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return folder / done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        ours = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(CACHE)}
        return os.environ | ours
