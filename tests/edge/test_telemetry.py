"""ONNX Runtime reports nothing to anybody.

In a process with a clean environment, because ONNX Runtime is silent under CI anyway, and an importer before us could
have set the variable.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "import sys; from edge.bundles.bundle import Bundle; print(Bundle.open(sys.argv[1]).verify() < 1e-5)"


def _run(bundle: Path, home: Path, *before: str) -> None:
    """Verify a bundle in a process that knows nothing but its path and its home."""
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*before, sys.executable, "-c", SCRIPT, str(bundle)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "True", run.stderr


def test_a_session_leaves_nothing_in_the_home_directory(bundles: dict[str, Path], tmp_path: Path) -> None:
    _run(bundles["both"], tmp_path / "home")
    assert list((tmp_path / "home").rglob("*")) == []


def test_a_session_opens_no_socket(bundles: dict[str, Path], tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: that no socket is opened was NOT checked (apt install strace)")
    log = tmp_path / "calls"
    tracer = ["strace", "-f", "-qq", "-e", "trace=execve,socket,connect,sendto", "-o", str(log)]
    if subprocess.run([*tracer, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here: that no socket is opened was NOT checked (needs ptrace)")
    _run(bundles["both"], tmp_path / "home", *tracer)
    calls = log.read_text()
    assert "execve(" in calls, "strace saw nothing"
    assert [line for line in calls.splitlines() if "execve(" not in line and "(" in line] == []


def test_nobody_imports_onnxruntime_before_the_variable_is_set() -> None:
    folders = ("config", "edge", "trainer", "export", "benchmarks", "tests")
    files = [ROOT / "davylamp.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    assert ROOT / "edge" / "models" / "runtime.py" in files
    importers = [path for path in files if re.search(r"^(import|from) onnxruntime", path.read_text(), re.MULTILINE)]
    assert importers == []
