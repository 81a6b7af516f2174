"""Lists the operators of ONNX that a graph may have, and for each the shape of what it computes.

They are those that davylamp's exporter writes. None of them repeats or chooses operations (as Loop, Scan and If do),
and the shape of each result follows from the shapes of its inputs and from arrays of the file, so that memory and time
of a graph are known before it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.printable import in_quotes
from edge.bundles.onnx_file import TYPES, OnnxNode

Shape = tuple[int, ...]


@dataclass(frozen=True)
class SizedArray:
    """What is known of an array before anything runs: shape, element type and, if the file has them, the numbers."""

    shape: Shape
    dtype: np.dtype[Any]
    numbers: NDArray[Any] | None = None

    @property
    def bytes(self) -> int:
        """Size of its numbers [B]."""
        return math.prod(self.shape) * self.dtype.itemsize


Inputs = Sequence[SizedArray]


@dataclass(frozen=True)
class Operator:
    """One operator.

    Parameters
    ----------
    shapes
        Returns the shapes of its outputs; ValueError if its inputs do not fit one another.
    least, most
        How many inputs it has.
    attributes
        Names of the attributes that it may have.
    dtype
        Returns the element type of its outputs; by default that of its first input.
    depth
        Returns how many numbers each number of its output is added up from.
    """

    shapes: Callable[[OnnxNode, Inputs], Sequence[Shape]]
    least: int = 1
    most: int = 1
    attributes: frozenset[str] = frozenset()
    dtype: Callable[[OnnxNode, Inputs], np.dtype[Any]] = field(default=lambda node, inputs: inputs[0].dtype)
    depth: Callable[[Inputs], int] = field(default=lambda inputs: 1)


def compute(node: OnnxNode, inputs: Inputs) -> tuple[list[SizedArray], int]:
    """Return what is known of the outputs of an operation, and how many additions or multiplications it takes.

    Raises
    ------
    ValueError
        The operator is not allowed, or is not used as davylamp uses it; the text says how.
    """
    operator = OPERATORS.get(node.operator)
    if operator is None:
        raise ValueError(f"the operator {in_quotes(node.operator)}, expected only {', '.join(OPERATORS)}")
    strange = [name for name in node.attributes if name not in operator.attributes]
    if strange or not operator.least <= len(inputs) <= operator.most:
        what = f"the attribute {in_quotes(strange[0])}" if strange else f"{len(inputs)} inputs"
        raise ValueError(f"the operator {node.operator} with {what}, which no graph of davylamp has")
    try:
        shapes = operator.shapes(node, inputs)
    except (ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
        known = ", ".join(" x ".join(map(str, each.shape)) or "one number" for each in inputs)
        raise ValueError(f"the operator {node.operator} with arrays of the shapes {known}: {error}") from error
    if len(shapes) != len(node.outputs):
        raise ValueError(f"the operator {node.operator} with {len(node.outputs)} outputs, expected {len(shapes)}")
    outputs = [SizedArray(shape, operator.dtype(node, inputs)) for shape in shapes]
    return outputs, sum(math.prod(each.shape) for each in outputs) * operator.depth(inputs)


def _same(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    return [inputs[0].shape]


def _broadcast(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    rank = max(len(each.shape) for each in inputs)
    padded = [(1,) * (rank - len(each.shape)) + each.shape for each in inputs]
    shape = []
    for sizes in zip(*padded, strict=True):
        found = {size for size in sizes if size != 1}
        if len(found) > 1:
            raise ValueError("they do not fit one another")
        shape.append(found.pop() if found else 1)
    return [tuple(shape)]


def _clip(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    if any(each.shape for each in inputs[1:]):
        raise ValueError("expected single numbers as its bounds")
    return [inputs[0].shape]


def _product(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    (rows, depth), (first, second) = inputs[0].shape, inputs[1].shape
    height, columns = (second, first) if _whole(node, "transB", 0) else (first, second)
    if depth != height:
        raise ValueError("they do not fit one another")
    if len(inputs) == 3 and inputs[2].shape not in ((columns,), (1, columns)):
        raise ValueError("the last one does not fit the others")
    return [(rows, columns)]


def _reduced(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = inputs[0].shape
    axes = {_axis(axis, len(shape)) for axis in _listed(inputs[1])}
    if _whole(node, "keepdims", 1):
        return [tuple(1 if axis in axes else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


def _gathered(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = inputs[0].shape
    axis = _axis(_whole(node, "axis", 0), len(shape))
    return [shape[:axis] + inputs[1].shape + shape[axis + 1 :]]


def _gathered_elements(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    if len(inputs[0].shape) != len(inputs[1].shape):
        raise ValueError("expected as many dimensions")
    return [inputs[1].shape]


def _scattered(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    if inputs[1].shape != inputs[2].shape or len(inputs[0].shape) != len(inputs[1].shape):
        raise ValueError("they do not fit one another")
    return [inputs[0].shape]


def _joined(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = inputs[0].shape
    axis = _axis(_whole(node, "axis", 0), len(shape))
    rests = {(each.shape[:axis], each.shape[axis + 1 :]) for each in inputs}
    if len(rests) > 1:
        raise ValueError("they do not fit one another")
    return [(*shape[:axis], sum(each.shape[axis] for each in inputs), *shape[axis + 1 :])]


def _split(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = inputs[0].shape
    axis = _axis(_whole(node, "axis", 0), len(shape))
    size, rest = divmod(shape[axis], len(node.outputs))
    if rest:
        raise ValueError(f"expected {len(node.outputs)} equal parts")
    return [(*shape[:axis], size, *shape[axis + 1 :])] * len(node.outputs)


def _sliced(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = list(inputs[0].shape)
    for start, end, each in zip(*map(_listed, inputs[1:]), strict=True):
        axis = _axis(each, len(shape))
        shape[axis] = len(range(*slice(start, end).indices(shape[axis])))
    return [tuple(shape)]


def _turned(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    return [inputs[0].shape[::-1]]


def _reshaped(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    if _listed(inputs[1]) != [-1]:
        raise ValueError("expected all numbers in one row")
    return [(math.prod(inputs[0].shape),)]


def _unsqueezed(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = list(inputs[0].shape)
    for axis in _listed(inputs[1]):
        shape.insert(_axis(axis, len(shape) + 1), 1)
    return [tuple(shape)]


def _counted(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    first, end, step = (float(_numbers(each).reshape(())) for each in inputs)
    count = math.ceil((end - first) / step) if math.isfinite(end - first) and math.isfinite(step) else -1
    if count < 0:
        raise ValueError(f"expected a count from {first:g} to {end:g} by {step:g} to end")
    return [(count,)]


def _filled(node: OnnxNode, inputs: Inputs) -> list[Shape]:
    shape = tuple(_listed(inputs[0]))
    if any(size < 0 for size in shape):
        raise ValueError("expected sizes that are not negative")
    return [shape]


def _cast(node: OnnxNode, inputs: Inputs) -> np.dtype[Any]:
    number = _whole(node, "to", 0)
    if number not in TYPES:
        raise ValueError(f"the operator Cast to the element type {number}, which no graph of davylamp has")
    return TYPES[number]


def _filling(node: OnnxNode, inputs: Inputs) -> np.dtype[Any]:
    value = node.attributes.get("value")
    return value.dtype if isinstance(value, np.ndarray) else TYPES[1]


def _boolean(node: OnnxNode, inputs: Inputs) -> np.dtype[Any]:
    return TYPES[9]


def _chosen(node: OnnxNode, inputs: Inputs) -> np.dtype[Any]:
    return inputs[1].dtype


def _width(inputs: Inputs) -> int:
    return inputs[0].shape[1]


def _shrinkage(inputs: Inputs) -> int:
    shape = inputs[0].shape
    return math.prod(shape[_axis(axis, len(shape))] for axis in set(_listed(inputs[1])))


def _numbers(array: SizedArray) -> NDArray[Any]:
    if array.numbers is None:
        raise ValueError("expected a shape that follows from arrays of the file")
    return array.numbers


def _listed(array: SizedArray) -> list[int]:
    numbers = _numbers(array)
    if numbers.ndim != 1 or numbers.size > 8 or numbers.dtype != TYPES[7]:
        raise ValueError("expected a few whole numbers")
    return [int(each) for each in numbers]


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ValueError(f"got the axis {axis}, expected one of {rank}")
    return axis % rank


def _whole(node: OnnxNode, name: str, otherwise: int) -> int:
    value = node.attributes.get(name, otherwise)
    if isinstance(value, int):
        return value
    raise ValueError(f"expected a whole number as {name}")


_AXIS = frozenset({"axis"})
_ONE = Operator(_same)
_TWO = Operator(_broadcast, 2, 2)
_COMPARISON = Operator(_broadcast, 2, 2, dtype=_boolean)

OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(("Abs", "Exp", "Floor", "Identity", "Log", "Relu", "Sigmoid"), _ONE),
    **dict.fromkeys(("Add", "Div", "Max", "Min", "Mul", "Sub"), _TWO),
    **dict.fromkeys(("Greater", "Less", "LessOrEqual"), _COMPARISON),
    "Cast": Operator(_same, attributes=frozenset({"to"}), dtype=_cast),
    "Clip": Operator(_clip, 3, 3),
    "Concat": Operator(_joined, 1, 10_000, _AXIS),
    "ConstantOfShape": Operator(_filled, attributes=frozenset({"value"}), dtype=_filling),
    "CumSum": Operator(_same, 2, 2, frozenset({"exclusive"})),
    "Gather": Operator(_gathered, 2, 2, _AXIS),
    "GatherElements": Operator(_gathered_elements, 2, 2, _AXIS),
    "Gemm": Operator(_product, 2, 3, frozenset({"transB"}), depth=_width),
    "MatMul": Operator(_product, 2, 2, depth=_width),
    "Range": Operator(_counted, 3, 3),
    "ReduceSum": Operator(_reduced, 2, 2, frozenset({"keepdims"}), depth=_shrinkage),
    "Reshape": Operator(_reshaped, 2, 2),
    "ScatterElements": Operator(_scattered, 3, 3, frozenset({"reduction"})),
    "Slice": Operator(_sliced, 4, 4),
    "Split": Operator(_split, attributes=_AXIS),
    "Transpose": Operator(_turned),
    "Unsqueeze": Operator(_unsqueezed, 2, 2),
    "Where": Operator(_broadcast, 3, 3, dtype=_chosen),
}
"""Operator by name."""
