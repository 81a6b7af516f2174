"""Graphs run in ONNX Runtime on one core, and errors name the graph."""

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


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["both"])


def test_outputs_come_by_name_whatever_the_precision_and_layout_of_the_input(bundle: Bundle) -> None:
    readings = np.asfortranarray(bundle.golden["readings"].astype(np.float64))
    outputs = bundle.scoring().network.run(features=readings)
    assert {name: value.shape for name, value in outputs.items()} == {
        "residuals": readings.shape,
        "contributions": readings.shape,
        "error": (len(readings),),
    }


def test_no_rows_give_no_rows(bundle: Bundle) -> None:
    assert bundle.scoring().network.run(features=np.empty((0, bundle.station.size)))["error"].shape == (0,)


def test_what_is_no_graph_is_refused_in_one_line_that_names_it() -> None:
    with pytest.raises(BundleError, match=r"^x\.davy: scorer\.onnx: ONNX Runtime refuses this graph: [^\n]+$"):
        OnnxGraph(b"no graph", "x.davy: scorer.onnx")


def test_a_graph_starts_no_thread(bundles: dict[str, Path]) -> None:
    """Counted in a process of its own: this one has torch's threads."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("threads are counted in /proc, which this system does not have")
    script = (
        "import sys, pathlib; from edge.bundles.bundle import Bundle\n"
        "bundle = Bundle.open(sys.argv[1]); import onnxruntime\n"
        "threads = lambda: len(list(pathlib.Path('/proc/self/task').iterdir()))\n"
        "before = threads(); bundle.verify(); print(threads() - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, bundles["ae"]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "0"


def test_without_onnxruntime_the_error_names_the_system_that_it_needs(bundles: dict[str, Path]) -> None:
    script = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from edge.bundles.bundle import Bundle; Bundle.open(sys.argv[1]).verify()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, bundles["ae"]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "onnxruntime is not installed here; davylamp's gateway needs a 64-bit Raspberry Pi OS" in run.stderr


def test_graphs_run_on_one_processor_core_only(bundle: Bundle) -> None:
    network = bundle.scoring().network  # made before the import: davylamp has to be the first to import ONNX Runtime
    import onnxruntime

    assert isinstance(network, OnnxGraph)
    options = network._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_what_fails_inside_a_graph_is_raised_and_no_line_of_another_form_is_beside_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    onnx = pytest.importorskip("onnx")
    make, types = onnx.helper, onnx.TensorProto
    graph = make.make_graph(
        [make.make_node("Cast", ["at"], ["place"], to=types.INT64), make.make_node("Gather", ["x", "place"], ["y"])],
        "out of bounds",
        [make.make_tensor_value_info(name, types.FLOAT, [1]) for name in ("x", "at")],
        [make.make_tensor_value_info("y", types.FLOAT, [1])],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BundleError, match="indices element out of data bounds"):
        OnnxGraph(model.SerializeToString(), "gather").run(x=np.zeros(1), at=np.array([9.0]))
    assert capfd.readouterr().err == ""
