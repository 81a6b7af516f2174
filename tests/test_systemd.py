"""The units that ship are valid and hardened; systemd's own tools check it where they are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "systemd"
UNIT = FOLDER / "davylamp.service"
UNITS = (UNIT, FOLDER / "davylamp-dashboard.service")

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")


@pytest.mark.parametrize("shipped", UNITS, ids=lambda path: path.stem)
def test_the_unit_verifies_without_a_message(tmp_path: Path, shipped: Path) -> None:
    # verify resolves everything that the unit names inside the root: the program, and systemd's own targets.
    shutil.copytree("/lib/systemd/system", tmp_path / "lib/systemd/system", symlinks=True)
    unit = tmp_path / "etc/systemd/system" / shipped.name
    programs = [tmp_path / f"opt/{shipped.stem}/bin/davylamp", tmp_path / "bin/sh"]
    for path in (unit, *programs):
        path.parent.mkdir(parents=True)
    shutil.copy(shipped, unit)
    for program in programs:
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={tmp_path}", str(unit)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    messages = [line for line in (done.stdout + done.stderr).splitlines() if shipped.name in line]
    assert (done.returncode, messages) == (0, [])


@pytest.mark.parametrize("shipped", UNITS, ids=lambda path: path.stem)
def test_the_unit_is_hardened_to_two_or_less(shipped: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--json=short", str(shipped)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:]
    assert json.loads(done.stdout), "systemd-analyze checked nothing"


def test_the_unit_leaves_what_onnx_runtime_needs() -> None:
    unit = UNIT.read_text()
    assert "\nProcSubset=pid" not in unit
    assert "\nSystemCallErrorNumber=EPERM" in unit
    assert "ORT_DISABLE_TELEMETRY=1" in unit
