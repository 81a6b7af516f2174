"""Judges a graph before ONNX Runtime loads it: its operators, what goes in and out, its memory and its time.

A bundle's seal shows damage, but anyone can seal a bundle. ONNX Runtime would allocate whatever a graph asks for, and
run a graph that never ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.printable import escape_commands, in_quotes
from edge.bundles.number_arrays import MOST_RANK
from edge.bundles.onnx_file import OnnxFile
from edge.bundles.operators import SizedArray, compute

ROWS = 4096
"""Most rows that go through a graph at a time."""
LEAST_ROWS = 16
"""Rows at a time that every graph must have the memory for; all parts are multiples of this."""
PART_BYTES = 6 << 20
"""Memory beside the constants that is aimed for [B]: rows go through a graph in parts that take no more."""
MOST_BYTES = 64 << 20
"""Most memory of a graph [B]."""
MOST_WORK = 1_000_000_000
"""Most additions and multiplications for :data:`LEAST_ROWS` rows."""

_ROWS_NAME = "N"


def rows_at_a_time(data: bytes, inputs: Mapping[str, int], outputs: Mapping[str, int | None]) -> int:
    """Check a graph, and return how many rows may go through it at a time.

    Parameters
    ----------
    data
        The ONNX file.
    inputs
        Name of each input -> number of its columns.
    outputs
        Name of each output -> number of its columns; ``None``: one number for each row.

    Raises
    ------
    ValueError
        It is no graph that davylamp could have written, or takes too much memory or time; the text says why.
    """
    file = OnnxFile.read(data)
    _check_ends(file, inputs, outputs)
    fixed, memory, work = _costs(file, LEAST_ROWS, inputs, outputs)
    if fixed + memory > MOST_BYTES:
        raise ValueError(f"{fixed + memory:,} bytes in use at a time, expected at most {MOST_BYTES:,}")
    if work > MOST_WORK:
        raise ValueError(f"{work:,} operations on numbers for {LEAST_ROWS} rows, expected at most {MOST_WORK:,}")
    rows = min(ROWS, max(1, PART_BYTES // max(1, memory)) * LEAST_ROWS)
    if rows > LEAST_ROWS and _costs(file, rows, inputs, outputs)[1] > memory * rows // LEAST_ROWS:
        raise ValueError("operations whose memory grows faster than the number of rows")
    return rows


def _check_ends(file: OnnxFile, inputs: Mapping[str, int], outputs: Mapping[str, int | None]) -> None:
    """Refuse a graph with other inputs or outputs, or with inputs of another shape, than a bundle's graph has."""
    for what, found, expected in (("inputs", file.inputs, inputs), ("outputs", file.outputs, outputs)):
        if set(found) != set(expected):
            names = ", ".join(map(in_quotes, found)) or "none"
            raise ValueError(f"the {what} {names}, expected {', '.join(expected)}")
    for name, columns in inputs.items():
        if file.inputs[name].shape != (_ROWS_NAME, columns):
            shape = escape_commands(" x ".join(map(str, file.inputs[name].shape)))
            raise ValueError(f"the input {name} of the shape {shape or 'of one number'}, expected N x {columns}")


def _costs(
    file: OnnxFile, rows: int, inputs: Mapping[str, int], outputs: Mapping[str, int | None]
) -> tuple[int, int, int]:
    """Return most bytes of constants, most further bytes at a time, and operations on numbers, for so many rows."""
    known = {name: SizedArray(array.shape, array.dtype, array) for name, array in file.constants.items()}
    known |= {name: SizedArray((rows, columns), file.inputs[name].dtype) for name, columns in inputs.items()}
    varying = _varying(file)
    leaving = _leaving(file, varying)
    fixed = sum(each.bytes for each in known.values() if each.numbers is not None)
    in_use = sum(known[name].bytes for name in inputs)
    most_fixed, most, work = fixed, in_use, 0
    for node, gone in zip(file.nodes, leaving, strict=True):
        if missing := [name for name in node.inputs if name not in known]:
            raise ValueError(f"an operation on {in_quotes(missing[0])}, which is not computed before it")
        found, operations = compute(node, [known[name] for name in node.inputs])
        work += operations
        for name, each in zip(node.outputs, found, strict=True):
            if name in known:
                raise ValueError(f"{in_quotes(name)} computed twice")
            if len(each.shape) > MOST_RANK or each.bytes > MOST_BYTES:
                shape = " x ".join(map(str, each.shape[:MOST_RANK]))
                what = f"an array {in_quotes(name)} of {shape} numbers"
                raise ValueError(f"{what}, expected at most {MOST_BYTES:,} bytes")
            known[name] = each
            if name in varying:
                in_use += each.bytes
            else:
                fixed += each.bytes
        most_fixed, most = max(most_fixed, fixed), max(most, in_use)
        for name in gone:
            if name in varying:
                in_use -= known[name].bytes
            else:
                fixed -= known[name].bytes
    for name, columns in outputs.items():
        expected = (rows,) if columns is None else (rows, columns)
        if name not in known or known[name].shape != expected:
            got = " x ".join(map(str, known[name].shape)) if name in known else "nothing"
            shape = " x ".join(map(str, ("N", *expected[1:])))
            raise ValueError(f"{got} as the output {name} of {rows} rows, expected {shape}")
    return most_fixed, most, work


def _varying(file: OnnxFile) -> set[str]:
    """Return the names of the arrays that follow from the rows; the others are computed once, when it is loaded."""
    varying = set(file.inputs)
    for node in file.nodes:
        if not varying.isdisjoint(node.inputs):
            varying.update(node.outputs)
    return varying


def _leaving(file: OnnxFile, varying: set[str]) -> list[list[str]]:
    """Return for each node the names of the arrays that are not needed after it."""
    last = {name: place for place, node in enumerate(file.nodes) for name in node.outputs}  # computed, and never used
    kept = set(file.outputs)
    for place, node in enumerate(file.nodes):
        last |= dict.fromkeys(node.inputs, place)
        if not varying.isdisjoint(node.inputs):
            kept.update(name for name in node.inputs if name not in varying)
    leaving: list[list[str]] = [[] for _ in file.nodes]
    for name, place in last.items():
        if name not in kept and name not in file.inputs:
            leaving[place].append(name)
    return leaving
