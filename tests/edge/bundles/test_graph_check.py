"""A graph is judged before ONNX Runtime sees it: what could run for ever, or take all memory, is refused by name."""

from __future__ import annotations

import random
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles.archive import pack, unpack
from edge.bundles.bundle import Bundle
from edge.bundles.graph_check import LEAST_ROWS, PART_BYTES, ROWS, rows_at_a_time
from edge.bundles.onnx_file import OnnxFile
from edge.errors import BundleError

onnx = pytest.importorskip("onnx", reason="NOT TESTED WITHOUT THE EXTRA 'trainer': onnx is not installed")

INPUTS, OUTPUTS = {"x": 2}, {"y": 2}
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'


def graph(body: str, ends: str = "(double[N, 2] x) => (double[N, 2] y)", **arrays: Any) -> Any:
    """A model with these operations and arrays."""
    model = onnx.parser.parse_model(f"{HEADER}\ntest {ends} {{\n{body}\n}}")
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()
    )
    return model


def refusal(model: Any) -> str:
    """Why a model is refused."""
    data = model if isinstance(model, bytes) else model.SerializeToString()
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        rows_at_a_time(data, INPUTS, OUTPUTS)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_plain_graph_may_take_many_rows_at_a_time() -> None:
    assert rows_at_a_time(graph("y = Add (x, x)").SerializeToString(), INPUTS, OUTPUTS) == ROWS


def test_rows_at_a_time_follow_from_what_a_row_takes() -> None:
    wide = graph(
        "each = Unsqueeze (x, last)\nmany = Add (each, table)\ny = ReduceSum <keepdims = 0> (many, last)",
        last=np.array([2]),
        table=np.zeros(400),
    )
    rows = rows_at_a_time(wide.SerializeToString(), INPUTS, OUTPUTS)
    assert LEAST_ROWS < rows < PART_BYTES // (2 * 400 * 8)
    assert rows % LEAST_ROWS == 0


def test_every_graph_of_every_kind_of_bundle_passes(bundles: dict[str, Path]) -> None:
    for path in bundles.values():
        bundle = Bundle.open(path)
        assert all(rows >= LEAST_ROWS for rows in bundle._rows.values())
        assert set(bundle._rows) == {"encoder.onnx", "decoder.onnx", "scorer.onnx", "scorer-absent.onnx"}


def test_a_loop_that_never_ends_is_refused_by_its_name(path: Path) -> None:
    body = """
        y = Loop (trips, always, x) <body = turn (int64 i, bool on, double[N, 2] before)
            => (bool again, double[N, 2] after) { again = Identity (on) after = Add (before, before) }>
    """
    loop = graph(body, trips=np.array(2**62), always=np.array(True))
    assert "graph" in refusal(loop)
    for operator in ("Loop", "If", "Scan", "SequenceMap", "Expand", "Tile", "RandomNormal", "StringNormalizer"):
        assert f'the operator "{operator}", expected only Abs' in refusal(graph(f"y = {operator} (x)"))


@pytest.mark.parametrize(
    ("body", "arrays"),
    [
        ("big = ConstantOfShape (shape)\nsum = ReduceSum <keepdims = 0> (big, axis)\n", {"shape": [20_000_000_000]}),
        ("count = Range (nought, end, one)\n", {"end": 2e10}),
        ("column = Unsqueeze (row, axis)\nturned = Transpose (column)\nsum = Add (column, turned)\n",
         {"row": np.zeros(141_422)}),
        ("a = Concat <axis = 0> (row, row)\n" + "".join(
            f"a{'b' * n} = Concat <axis = 0> (a{'b' * (n - 1)}, a{'b' * (n - 1)})\n" for n in range(1, 32)),
         {"row": np.zeros(10)}),
        ("".join(f"c{n} = ConstantOfShape (shape)\n" for n in range(100)), {"shape": [2_000_000]}),
    ],
    ids=["filled", "counted", "broadcast", "doubled", "many at a time"],
)  # fmt: skip
def test_a_small_file_that_asks_for_much_memory_is_refused(body: str, arrays: dict[str, Any]) -> None:
    used = "".join(f"d{n} = Add (c{n}, c{n + 1})\n" for n in range(99)) if "c99" in body else ""
    arrays |= {"nought": 0.0, "one": 1.0, "axis": np.array([0])}
    model = graph(body + used + "y = Identity (x)", **arrays)
    assert "expected at most 67,108,864" in refusal(model)


def test_much_work_for_few_rows_is_refused() -> None:
    body = "a0 = MatMul (m, m)\n" + "".join(f"a{n} = MatMul (a{n - 1}, m)\n" for n in range(1, 9)) + "y = Identity (x)"
    assert "operations on numbers for 16 rows, expected at most 1,000,000,000" in refusal(
        graph(body, m=np.zeros((500, 500)))
    )


@pytest.mark.parametrize("width", [1, 50])
def test_memory_that_grows_with_the_square_of_the_rows_is_refused(width: int) -> None:
    model = graph(
        "wide = MatMul (x, m)\nturned = Transpose (wide)\nsquare = MatMul (wide, turned)\ny = MatMul (square, x)",
        m=np.zeros((2, width)),
    )
    assert re.search("grows faster than|expected at most", refusal(model))


def test_numbers_in_another_file_are_refused_by_its_name(tmp_path: Path) -> None:
    model = graph("y = Add (x, weights)", weights=np.zeros(2))
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], location="../../etc/shadow")
    model.graph.initializer[0].ClearField("raw_data")
    assert 'the array "weights" in another file ("../../etc/shadow"), expected every number within' in refusal(model)


def test_sizes_that_are_not_those_of_the_numbers_are_refused() -> None:
    for dims in ([4], [-2], [2**40, 2**40], [1] * 30):
        model = graph("y = Add (x, weights)", weights=np.zeros(2))
        model.graph.initializer[0].ClearField("dims")
        model.graph.initializer[0].dims.extend(dims)
        assert 'the array "weights" of the shape' in refusal(model)


def test_parts_that_no_graph_of_davylamp_has_are_refused() -> None:
    model = graph("y = Add (x, x)")
    model.opset_import[0].version = 21
    assert 'version 21 of the operators of "ONNX", expected version 17' in refusal(model)
    model = graph("y = Add (x, x)")
    model.opset_import.add(domain="com.stranger", version=1)
    assert '"com.stranger"' in refusal(model)
    model = graph("y = Add (x, x)")
    model.graph.node[0].domain = "com.stranger"
    assert 'the operator "Add" of "com.stranger"' in refusal(model)
    model = graph("y = Add (x, x)")
    model.functions.add(name="Add")
    assert "field 25" in refusal(model)
    model = graph("y = Clip (x, least, least)", least=0.0)
    assert "Clip" not in model.graph.node[0].attribute
    model.graph.node[0].attribute.add(name="min", type=1, f=0.0)
    assert '"min", which no graph of davylamp has' in refusal(model)


@pytest.mark.parametrize(
    ("body", "ends", "reason"),
    [
        ("y = Add (x, z)", "(double[N, 2] x) => (double[N, 2] y)", '"z", which is not computed before it'),
        ("y = Add (x, x)", "(double[N, 3] x) => (double[N, 2] y)", "the input x of the shape"),
        ("y = Add (x, x)", "(double[2, N] x) => (double[N, 2] y)", "the input x of the shape"),
        ("y = Add (z, z)", "(double[N, 2] z) => (double[N, 2] y)", 'the inputs "z", expected x'),
        ("z = Add (x, x)", "(double[N, 2] x) => (double[N, 2] z)", 'the outputs "z", expected y'),
        ("y = Transpose (x)", "(double[N, 2] x) => (double[N, 2] y)", "2 x 16 as the output y of 16 rows"),
        ("y = Unsqueeze (x, x)", "(double[N, 2] x) => (double[N, 2] y)", "follows from arrays of the file"),
    ],
)
def test_a_graph_with_other_ends_is_refused(body: str, ends: str, reason: str) -> None:
    assert reason in refusal(graph(body, ends))


def test_names_of_a_stranger_are_shown_but_never_obeyed() -> None:
    model = graph("y = Add (x, x)")
    model.graph.node[0].op_type = "\x1b[2J\x1b]0;all is well\x07"
    assert r"\x1b[2J\x1b]0;all is well\x07" in refusal(model)


def test_no_damage_to_a_graph_is_anything_but_a_refusal(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        whole = archive.read("encoder.onnx")
    rng = random.Random(5)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            OnnxFile.read(bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]))
        except ValueError:
            refused += 1
    assert refused > 100


def test_a_sealed_bundle_with_such_a_graph_is_refused_by_everything_that_opens_one(data: bytes) -> None:
    contents = unpack(data, "x.davy")
    size = contents.manifest.station.size
    outputs = f"float[N, {size}] residuals, float[N, {size}] contributions, float[N] error"
    endless = graph("residuals = Loop (features)", f"(float[N, {size}] features) => ({outputs})").SerializeToString()
    with pytest.raises(BundleError, match=r'^x\.davy: scorer\.onnx: got the operator "Loop", expected only [^\n]+$'):
        Bundle.load(pack(contents.manifest, contents.members | {"scorer.onnx": endless}), "x.davy")
