"""Many rows go through a graph in parts: the same numbers in a fraction of the memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.models.runtime import OnnxGraph

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("model", ["ae", "both"])
def test_rows_in_parts_give_the_same_bytes_as_all_at_once(bundles: dict[str, Path], model: str) -> None:
    bundle = Bundle.open(bundles[model])
    readings = np.tile(bundle.golden["readings"], (7, 1))[:2005]
    whole = OnnxGraph(bundle._members["encoder.onnx"], "encoder.onnx").run(readings=readings)
    for rows in (16, 336):
        parts = OnnxGraph(bundle._members["encoder.onnx"], "encoder.onnx", rows).run(readings=readings)
        for name, expected in whole.items():
            np.testing.assert_array_equal(parts[name], expected)


def test_thirteen_thousand_rows_are_encoded_within_25_mib(bundles: dict[str, Path]) -> None:
    """Measured in a process of its own, whose peak is that of nothing else."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("the peak of a process is read from /proc, which this system does not have")
    script = (
        "import sys, re, numpy as np\n"
        "from edge.bundles.bundle import Bundle; from edge.synthesis.sampler import Sampler\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024\n"
        "bundle = Bundle.open(sys.argv[1]); bundle.verify(); sampler = Sampler(bundle.generator)\n"
        "rows = np.tile(bundle.golden['readings'].astype(float), (40, 1))[:13_000]\n"
        "sampler.prior(500, 1); before = peak(); codes = sampler.encode(rows)\n"
        "sampler.near(codes, 500, 1); print(peak() - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, bundles["both"]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < 25  # all at once: more than 100


def test_what_a_graph_cannot_compute_is_an_error_that_names_it(bundles: dict[str, Path]) -> None:
    network = Bundle.open(bundles["ae"]).scoring().network
    with pytest.raises(BundleError, match=r"scorer\.onnx: ONNX Runtime cannot run this graph: [^\n]+$"):
        network.run(features=np.zeros((3, 2)))
