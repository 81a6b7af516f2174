"""Reads a graph in ONNX's format as far as davylamp writes it; whatever else may stand in such a file is refused.

The gateway has no ``onnx`` package, and ONNX Runtime computes the constant parts of a graph while it loads it. A graph
is therefore read here, and judged by :mod:`edge.bundles.graph_check`, before ONNX Runtime sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.printable import in_quotes
from edge.bundles.number_arrays import MOST_RANK
from edge.bundles.protobuf import BYTES, NARROW, VARINT, Fields, only

OPSET = 17
"""The version of ONNX's operators whose rules are known here."""
MOST_NODES = 60_000
"""Most nodes of a graph; one of ten columns has some 300."""

TYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}
"""ONNX's numbers of element types -> what they are."""

# Numbers of fields in onnx.proto; a text and a message are bytes.
_MODEL = only((1, 5), VARINT) | only((2, 3, 4, 6, 7, 8), BYTES)
_OPSET = only((2,), VARINT) | only((1,), BYTES)
_GRAPH = only((1, 2, 5, 10, 11, 12), BYTES)
_NODE = only((1, 2, 3, 4, 5, 6, 7), BYTES)
_ATTRIBUTE = only((3, 20), VARINT) | only((1, 4, 5), BYTES) | only((2,), NARROW)
_TENSOR = only((1, 2, 7, 14), VARINT) | only((1, 7, 8, 9, 12, 13), BYTES)
_VALUE = only((1, 2, 3), BYTES)
_TYPE = only((1,), BYTES)
_TENSOR_TYPE = only((1,), VARINT) | only((2,), BYTES)
_SHAPE = only((1,), BYTES)
_DIMENSION = only((1,), VARINT) | only((2,), BYTES)


@dataclass(frozen=True)
class OnnxNode:
    """One operation: what it is, the names of its inputs and outputs, and its attributes by name."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, int | str | NDArray[Any]]


@dataclass(frozen=True)
class OnnxValue:
    """An input or an output of the graph: its element type and its shape; a text stands for a number of rows."""

    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class OnnxFile:
    """A graph.

    Parameters
    ----------
    nodes
        In the order in which they are computed.
    constants
        Arrays by name.
    inputs, outputs
        By name.
    """

    nodes: tuple[OnnxNode, ...]
    constants: dict[str, NDArray[Any]]
    inputs: dict[str, OnnxValue]
    outputs: dict[str, OnnxValue]

    @classmethod
    def read(cls, data: bytes) -> OnnxFile:
        """Read a file.

        Raises
        ------
        ValueError
            It is no ONNX file, or has a part that davylamp's graphs do not have: numbers in another file, functions,
            graphs within graphs, operators of other makers or versions. The text says which.
        """
        model = Fields(memoryview(data), "a graph", _MODEL)
        for each in model.messages(8):
            opset = Fields(each, "a set of operators", _OPSET)
            if opset.text(1) or opset.number(2) != OPSET:
                found = f"version {opset.number(2)} of the operators of {in_quotes(opset.text(1) or 'ONNX')}"
                raise ValueError(f"{found}, expected version {OPSET} of those of ONNX alone")
        if len(model.messages(8)) != 1:
            raise ValueError("no graph, or one that does not say once whose operators it has")
        graph = Fields(model.message(7), "a graph", _GRAPH)
        if len(graph.messages(1)) > MOST_NODES:
            raise ValueError(f"{len(graph.messages(1)):,} operations, expected at most {MOST_NODES:,}")
        constants: dict[str, NDArray[Any]] = {}
        for each in graph.messages(5):
            name, array = _tensor(each)
            if name in constants:
                raise ValueError(f"the array {in_quotes(name)} twice")
            constants[name] = array
        return cls(
            tuple(_node(each) for each in graph.messages(1)),
            constants,
            _values(graph.messages(11)),
            _values(graph.messages(12)),
        )


def _node(data: memoryview) -> OnnxNode:
    fields = Fields(data, "an operation", _NODE)
    operator = fields.text(4)
    if fields.text(7):
        maker = in_quotes(fields.text(7))
        raise ValueError(f"the operator {in_quotes(operator)} of {maker}, expected those of ONNX alone")
    attributes: dict[str, int | str | NDArray[Any]] = {}
    for each in fields.messages(5):
        attribute = Fields(each, f"{in_quotes(operator)} with an attribute", _ATTRIBUTE)
        kind, name = attribute.number(20), attribute.text(1)
        if name in attributes:
            raise ValueError(f"{in_quotes(operator)} with {in_quotes(name)} twice")
        if kind == 2:
            attributes[name] = attribute.number(3)
        elif kind == 3:
            attributes[name] = attribute.text(4)
        elif kind == 4:
            attributes[name] = _tensor(attribute.message(5))[1]
        else:
            raise ValueError(f"{in_quotes(operator)} with {in_quotes(name)}, which no graph of davylamp has")
    return OnnxNode(operator, tuple(fields.texts(1)), tuple(fields.texts(2)), attributes)


def _tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    """Return the name and the numbers of an array, whose size must be that of its bytes in this very file."""
    fields = Fields(data, "an array", _TENSOR)
    name, shape = in_quotes(fields.text(8)), fields.numbers(1)
    if fields.number(14) or 13 in fields:
        raise ValueError(
            f"the array {name} in another file{_location(fields)}, expected every number within the bundle"
        )
    dtype = TYPES.get(fields.number(2))
    if dtype is None:
        raise ValueError(f"the array {name} of the element type {fields.number(2)}, which no graph of davylamp has")
    content = fields.message(9)
    if 7 in fields and not content and dtype == TYPES[7]:
        content = memoryview(np.array(fields.numbers(7), dtype).tobytes())
    if len(shape) > MOST_RANK or any(size < 0 for size in shape) or prod(shape) * dtype.itemsize != len(content):
        words = " x ".join(map(str, shape[:MOST_RANK])) or "one number"
        raise ValueError(f"the array {name} of the shape {words} in {len(content):,} bytes")
    return fields.text(8), np.frombuffer(content, dtype).reshape(shape)


def _location(fields: Fields) -> str:
    """Say where the numbers of an array are that lie in another file."""
    for each in fields.messages(13):
        entry = Fields(each, "an array", only((1, 2), BYTES))
        if entry.text(1) == "location":
            return f" ({in_quotes(entry.text(2))})"
    return ""


def _values(entries: list[memoryview]) -> dict[str, OnnxValue]:
    found = {}
    for each in entries:
        value = Fields(each, "an input or output", _VALUE)
        kind = Fields(Fields(value.message(2), "a type", _TYPE).message(1), "a type", _TENSOR_TYPE)
        name, dtype = value.text(1), TYPES.get(kind.number(1))
        if name in found or dtype is None:
            raise ValueError(f"{in_quotes(name)} twice, or of the element type {kind.number(1)}")
        shape = []
        for size in Fields(kind.message(2), "a shape", _SHAPE).messages(1):
            dimension = Fields(size, "a shape", _DIMENSION)
            shape.append(dimension.text(2) or dimension.number(1))
        found[name] = OnnxValue(dtype, tuple(shape))
    return found
