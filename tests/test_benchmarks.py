"""Every benchmark runs and writes its report; its figures are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
PARTS = {
    "boards.py",
    "evaluation.py",
    "shipped_synthesis.py",
    "reference_loop.py",
    "sequence_models.py",
    "chaos.py",
    "drift_channels.py",
    "drift_factors.py",
    "drift_peers.py",
}
"""Modules that benchmarks import; and chaos, which has a test of its own."""
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if path.name not in PARTS)
LONG = {
    "dashboard.py",
    "detection.py",
    "discovery.py",
    "drift.py",
    "field.py",
    "fleet.py",
    "rollout.py",
    "seasons.py",
    "sequences.py",
    "synthesis.py",
    "training.py",
    "windows.py",
}
"""Benchmarks that take long even with ``--quick``."""
SHORT = {"latency.py": ["--rounds", "5"], "simulator.py": ["--seeds", "1"]}
"""Options that shorten a benchmark without ``--quick``."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_benchmark_runs_and_writes_the_report_that_it_prints(
    script: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if script.name in LONG and not request.config.getoption("--every-benchmark"):
        pytest.skip("takes long: run with --every-benchmark")
    target = tmp_path / "report.json"
    options = SHORT.get(script.name, ["--quick"])
    done = subprocess.run(
        [sys.executable, str(script), *options, "--json", str(target)],
        capture_output=True, text=True, timeout=400, check=False, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    # 1: a goal was missed, which is no failure of this test.
    assert done.returncode in {0, 1}
    assert done.stderr == ""
    assert done.stdout.strip()
    report = json.loads(target.read_text())
    assert report["benchmark"] == script.stem
    if "skipped" in report:
        pytest.skip(report["skipped"])
    assert report["results"]
