"""Writes ONNX graphs in ONNX's text form: the same weights give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, parser
from torch import nn

from edge.arrays import Arrays
from export.errors import ExportError

# IR version 8 belongs to opset 17.
_HEADER = '<ir_version: 8, opset_import: ["" : 17], producer_name: "davylamp">'

# 0 for a row of numbers, nan for any other row. Whether a Relu keeps a nan depends on the processor.
_GUARD = """
    zeros_{source} = Mul ({source}, zero_{source})
    sum_{source} = ReduceSum <keepdims = 1> (zeros_{source}, columns)
    guard_{source} = Cast <to = 1> (sum_{source})
"""


class OnnxWriter:
    """A graph as lines of text, with its arrays beside them.

    Parameters
    ----------
    name
        Name of the graph.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: list[str] = []
        self._arrays: Arrays = {}

    def add(self, text: str, **arrays: Any) -> None:
        """Add lines, and the arrays that they refer to."""
        self._lines.append(text)
        self._arrays |= {name: np.asarray(array) for name, array in arrays.items()}

    def guard(self, source: str, *, double: bool = False) -> None:
        """Add ``guard_SOURCE`` float [N, 1], for everything computed from ``source`` [N, columns], float or double."""
        zero = {f"zero_{source}": np.float64(0) if double else np.float32(0)}
        self.add(_GUARD.format(source=source), columns=np.array([1], dtype=np.int64), **zero)

    def layers(self, name: str, modules: Iterable[nn.Module], source: str, target: str) -> None:
        """Add linear layers, ReLUs and SiLUs; the output of the last one is ``target``."""
        steps = list(modules)
        for index, module in enumerate(steps):
            output = target if index == len(steps) - 1 else f"{name}_{index}"
            if isinstance(module, nn.Linear):
                weight, bias = f"{name}_{index}_weight", f"{name}_{index}_bias"
                arrays = {weight: module.weight.detach().cpu().numpy(), bias: module.bias.detach().cpu().numpy()}
                self.add(f"{output} = Gemm <transB = 1> ({source}, {weight}, {bias})", **arrays)
            elif isinstance(module, nn.ReLU):
                self.add(f"{output} = Relu ({source})")
            elif isinstance(module, nn.SiLU):
                self.add(f"{output}_gate = Sigmoid ({source})\n{output} = Mul ({source}, {output}_gate)")
            else:
                raise ExportError(f"{name}: got a layer {type(module).__name__}, expected Linear, ReLU or SiLU")
            source = output

    def build(self, inputs: str, *outputs: str) -> bytes:
        """Check the graph and serialise it."""
        body = "\n".join(self._lines)
        model = parser.parse_model(f"{_HEADER}\n{self._name} ({inputs}) => ({', '.join(outputs)}) {{\n{body}\n}}")
        model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in self._arrays.items())
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
