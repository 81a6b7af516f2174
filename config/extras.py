"""Says how to install what an extra brings, the way davylamp itself was installed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

EXTRAS = {
    "dask": "fleet", "distributed": "fleet", "joblib": "fleet",
    "amqtt": "demo", "rich": "watch",
    "sse_starlette": "dashboard", "starlette": "dashboard", "uvicorn": "dashboard",
    "jinja2": "trainer", "matplotlib": "trainer", "onnx": "trainer", "pandas": "trainer", "pooch": "trainer",
    "pyarrow": "trainer", "safetensors": "trainer", "scipy": "trainer", "sklearn": "trainer",
    "threadpoolctl": "trainer", "torch": "trainer", "tqdm": "trainer",
    "export": "trainer", "trainer": "trainer",  # ours, which an image of the agent alone leaves out
}  # fmt: skip
"""Package that is imported -> the extra that brings it."""

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where PyTorch publishes its builds without CUDA: PyPI's for Linux bring several gigabytes of it."""

_WITH_TORCH = ("trainer", "demo", "fleet")


@dataclass(frozen=True)
class InstalledPackage:
    """How this davylamp was installed.

    Parameters
    ----------
    tool
        ``pip``, ``pipx``, ``uv`` (``uv pip``) or ``uv tool``.
    prefix
        Folder of its environment.
    source
        What it was installed from, if not from an index: a path, or a URL.
    editable
        Whether that path was installed with ``-e``.
    """

    tool: str
    prefix: Path
    source: str | None = None
    editable: bool = False

    @classmethod
    def here(cls) -> InstalledPackage:
        """Find out about the environment that runs this."""
        prefix = Path(sys.prefix)
        try:
            files = metadata.distribution("davylamp")
        except metadata.PackageNotFoundError:  # run from a clone
            installer, url = "pip", ""
        else:
            installer = (files.read_text("INSTALLER") or "pip").strip()
            url = files.read_text("direct_url.json") or ""
        source, editable = _origin(url)
        tool = "uv" if installer == "uv" else "pip"
        if (prefix / "pipx_metadata.json").exists():
            tool = "pipx"
        elif (prefix / "uv-receipt.toml").exists():
            tool = "uv tool"
        return cls(tool, prefix, source, editable)

    def command(self, extra: str) -> str:
        """Return the command line that adds an extra; torch comes from :data:`CPU_INDEX`, so that none brings CUDA."""
        torch = extra in _WITH_TORCH and sys.platform == "linux"
        wanted = self._requirement(extra)
        if self.tool == "uv tool":
            return f"uv tool install --force {'--torch-backend cpu ' if torch else ''}{wanted}"
        if self.tool == "uv":
            backend = "--torch-backend cpu " if torch else ""
            return f"uv pip install --python {shlex.quote(str(self.prefix))} {backend}{wanted}"
        pip = (
            f"pipx runpip {shlex.quote(self.prefix.name)} install" if self.tool == "pipx" else f"{self._pip()} install"
        )
        first = f"{pip} torch --index-url {CPU_INDEX} && " if torch else ""
        return f"{first}{pip} {wanted}"

    def _requirement(self, extra: str) -> str:
        if self.source is None:
            return f"'davylamp[{extra}]'"
        if self.editable:
            return "-e " + shlex.quote(f"{self.source}[{extra}]")
        return shlex.quote(f"davylamp[{extra}] @ {self.source}")

    def _pip(self) -> str:
        """Return ``pip`` if that is this environment's, else the whole of its name."""
        found = shutil.which("pip")
        if found is not None and Path(found).parent == self.prefix / "bin":
            return "pip"
        return f"{shlex.quote(sys.executable)} -m pip"


def missing_extra_fix(extra: str) -> str:
    """Return the command line that adds an extra to this davylamp, or a sentence where none can."""
    if extra in _WITH_TORCH and find_spec("trainer") is None:
        return "install davylamp[trainer] on a workstation: here is the agent alone, as in a container"
    return InstalledPackage.here().command(extra)


def _origin(text: str) -> tuple[str | None, bool]:
    """Return where direct_url.json says that davylamp came from, and whether as an editable folder."""
    try:
        document = json.loads(text)
        url = str(document["url"])
        editable = bool(document.get("dir_info", {}).get("editable"))
    except (ValueError, KeyError, TypeError, AttributeError):  # none, or not of its form
        return None, False
    if not editable:
        vcs = document.get("vcs_info") or {}
        at = f"@{vcs['commit_id']}" if "commit_id" in vcs else ""
        return (f"{vcs['vcs']}+{url}{at}" if "vcs" in vcs else url), False
    return os.fspath(Path(unquote(urlsplit(url).path))), True
