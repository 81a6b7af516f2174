"""What reads a record or a run starts without torch, which takes seconds to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TORCHLESS = (
    "trainer.exploring.explore",
    "trainer.reporting.report",
    "trainer.run",
    "trainer.summary",
    "trainer.evaluation.detection.table",
    "trainer.evaluation.synthesis.table",
)
"""With everything that they import: pages, figures, the results of evaluations, statistics, splits."""
SCRIPT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors"):
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocker())
sys.path.insert(0, {root!r})
{body}
"""


def without_torch(body: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(root=str(ROOT), body=body)
    return subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("module", TORCHLESS)
def test_what_only_reads_and_draws_imports_no_torch(module: str) -> None:
    child = without_torch(f"import {module}")
    assert child.returncode == 0, child.stderr


def test_the_blocker_of_these_tests_blocks() -> None:
    assert "torch is blocked" in without_torch("import trainer.networks.training").stderr


def test_a_runs_numbers_are_read_without_torch(runs: dict[str, Path]) -> None:
    child = without_torch(
        "from trainer.run import Run\n"
        "from trainer.statistics.run_statistics import RunStatistics\n"
        f"run = Run.open({str(runs['both'])!r})\n"
        "assert run.metrics and run.losses and run.tables and run.scoring_specs and run.generator_spec.sigma\n"
        "RunStatistics.read(run.folder)\n"
    )
    assert child.returncode == 0, child.stderr
