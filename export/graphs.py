"""The graphs of a bundle, written out by hand: the same weights give the same bytes.

Scaling is done in double precision: a pressure that moves by 1 hPa about 1013, or a logarithm that moves by 0.05 about
10, has too few digits in single precision. The networks run in single precision, as they were trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import numpy_helper, parser
from torch import nn

from edge.scaler import Scaler
from export.errors import ExportError
from trainer.models import TabularAE, TabularVAE

Model = TabularAE | TabularVAE

# IR version 8 belongs to opset 17.
_HEADER = '<ir_version: 8, opset_import: ["" : 17], producer_name: "davylamp">'

# Less is false for a nan, which therefore stays one; Max may lose it.
_SCALE = """
    wide = Cast <to = 11> (readings)
    is_low = Less (wide, least)
    positive = Where (is_low, least, wide)
    logarithm = Log (positive)
    shaped = Where (is_log, logarithm, wide)
    centred = Sub (shaped, centre)
    standard = Div (centred, spread)
    scaled = Cast <to = 1> (standard)
"""

_UNSCALE = """
    wide = Cast <to = 11> (scaled)
    stretched = Mul (wide, spread)
    shaped = Add (stretched, centre)
    exponent = Where (is_log, shaped, nought)
    exponential = Exp (exponent)
    readings = Where (is_log, exponential, shaped)
"""

# 0 for a row of numbers, nan for any other. A Relu may or may not let a nan through: that depends on the processor.
_GUARD = """
    zeros = Mul ({source}, zero)
    guard = ReduceSum <keepdims = 1> (zeros, columns)
"""


def known(network: nn.Module) -> Model:
    """Return the network as one whose layers can be written out (ExportError if it is another)."""
    if not isinstance(network, TabularAE | TabularVAE):
        raise ExportError(f"got a network {type(network).__name__}, expected a TabularAE or a TabularVAE")
    return network


def encoder_graph(network: nn.Module, scaler: Scaler) -> bytes:
    """``readings`` float [N, F] in the station's units -> ``mean`` and, of a VAE, ``log_variance``, float [N, L]."""
    model = known(network)
    features, latent = _sizes(model)
    graph = _Graph("encoder")
    graph.scale(scaler)
    graph.guard("scaled")
    if isinstance(model, TabularVAE):
        heads = ["mean", "log_variance"]
        graph.layers("trunk", model.trunk, "scaled", "trunk")
        graph.layers("mean", [model.mean], "trunk", "free_mean")
        graph.layers("log_variance", [model.log_variance], "trunk", "free_log_variance")
    else:
        heads = ["mean"]
        graph.layers("encoder", model.encoder, "scaled", "free_mean")
    for head in heads:
        graph.add(f"{head} = Add (free_{head}, guard)")
    return graph.build(f"float[N, {features}] readings", *(f"float[N, {latent}] {head}" for head in heads))


def decoder_graph(network: nn.Module, scaler: Scaler, sigma: ArrayLike) -> bytes:
    """``latent`` [N, L], ``noise`` [N, F] float -> ``readings`` double [N, F] in the station's units.

    Parameters
    ----------
    network, scaler
        The generator.
    sigma
        Standard deviation [F] of the observation noise in scaled space: the noise is multiplied by it and added.
    """
    model = known(network)
    features, latent = _sizes(model)
    graph = _Graph("decoder")
    graph.guard("latent")
    graph.layers("decoder", model.decoder, "latent", "free")
    graph.add("decoded = Add (free, guard)")
    graph.add("disturbance = Mul (noise, sigma)", sigma=np.asarray(sigma, dtype=np.float32))
    graph.add("scaled = Add (decoded, disturbance)")
    graph.unscale(scaler)
    return graph.build(f"float[N, {latent}] latent, float[N, {features}] noise", f"double[N, {features}] readings")


def scorer_graph(network: nn.Module, whitening: ArrayLike) -> bytes:
    """``features`` float [N, F] -> ``residuals``, ``contributions`` [N, F] and ``error`` [N], float.

    Residuals are features minus reconstruction; contributions the squares of the whitened residuals, and sum to the
    error. A VAE reconstructs from the mean of the code, never from a sample.

    Parameters
    ----------
    network
        The reconstruction network.
    whitening
        [F, F]; residuals times this are white.
    """
    model = known(network)
    features, _ = _sizes(model)
    graph = _Graph("scorer")
    graph.guard("features")
    if isinstance(model, TabularVAE):
        graph.layers("trunk", model.trunk, "features", "trunk")
        graph.layers("mean", [model.mean], "trunk", "code")
    else:
        graph.layers("encoder", model.encoder, "features", "code")
    graph.layers("decoder", model.decoder, "code", "free")
    graph.add("reconstruction = Add (free, guard)")
    graph.add("residuals = Sub (features, reconstruction)")
    graph.add("white = MatMul (residuals, whitening)", whitening=np.asarray(whitening, dtype=np.float32))
    graph.add("contributions = Mul (white, white)")
    graph.add("error = ReduceSum <keepdims = 0> (contributions, columns)")
    rows = f"float[N, {features}]"
    return graph.build(f"{rows} features", f"{rows} residuals", f"{rows} contributions", "float[N] error")


class _Graph:
    """A graph being written in ONNX's text form; weights are kept beside it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: list[str] = []
        self._arrays: dict[str, NDArray[Any]] = {}

    def add(self, text: str, **arrays: Any) -> None:
        self._lines.append(text)
        self._arrays |= {name: np.asarray(array) for name, array in arrays.items()}

    def scale(self, scaler: Scaler) -> None:
        self.add(_SCALE, least=scaler.least, **_affine(scaler))

    def unscale(self, scaler: Scaler) -> None:
        self.add(_UNSCALE, nought=np.float64(0), **_affine(scaler))

    def guard(self, source: str) -> None:
        self.add(_GUARD.format(source=source), zero=np.float32(0), columns=np.array([1], dtype=np.int64))

    def layers(self, name: str, modules: Iterable[nn.Module], source: str, target: str) -> None:
        """Add linear layers and ReLUs; the last one's output is called ``target``."""
        steps = list(modules)
        for index, module in enumerate(steps):
            output = target if index == len(steps) - 1 else f"{name}_{index}"
            if isinstance(module, nn.Linear):
                weight, bias = f"{name}_{index}_weight", f"{name}_{index}_bias"
                arrays = {weight: module.weight.detach().cpu().numpy(), bias: module.bias.detach().cpu().numpy()}
                self.add(f"{output} = Gemm <transB = 1> ({source}, {weight}, {bias})", **arrays)
            elif isinstance(module, nn.ReLU):
                self.add(f"{output} = Relu ({source})")
            else:
                raise ExportError(f"{name}: got a layer {type(module).__name__}, expected Linear or ReLU")
            source = output

    def build(self, inputs: str, *outputs: str) -> bytes:
        """Serialise the graph, checked."""
        body = "\n".join(self._lines)
        model = parser.parse_model(f"{_HEADER}\n{self._name} ({inputs}) => ({', '.join(outputs)}) {{\n{body}\n}}")
        model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in self._arrays.items())
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))


def _affine(scaler: Scaler) -> dict[str, NDArray[Any]]:
    return {"is_log": scaler.is_log, "centre": np.array(scaler.mean), "spread": np.array(scaler.std)}


def _sizes(model: Model) -> tuple[int, int]:
    """F and L."""
    first, last = model.decoder[0], model.decoder[-1]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    return last.out_features, first.in_features
