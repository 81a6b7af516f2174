"""Builds the ONNX graphs of a bundle.

Readings come and go in double precision: a pressure that moves by 50 Pa about 101,325, or a logarithm that moves by
0.05 about 10, has too few digits in single precision. The networks run in single precision, as they were trained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from edge.arrays import Arrays
from edge.models.scaler import Scaler
from export.errors import ExportError
from export.normal_score_graph import decode_normal_scores, normal_scores
from export.onnx_writer import OnnxWriter
from trainer.generation.codec import NormalScoreCodec, ScaledCodec
from trainer.networks.autoencoder import TabularAE, TabularVAE
from trainer.networks.generative import LOG_VARIANCE, GenerativeVAE

Model = TabularAE | TabularVAE
Codec = NormalScoreCodec | ScaledCodec

# Less is false for a nan, which is therefore kept; Max may lose it.
_SCALE = """
    is_low = Less (readings, least)
    positive = Where (is_low, least, readings)
    logarithm = Log (positive)
    shaped = Where (is_log, logarithm, readings)
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
    free_readings = Where (is_log, exponential, shaped)
    is_high = Less (most, free_readings)
    not_high = Where (is_high, most, free_readings)
    is_low = Less (not_high, fewest)
    readings = Where (is_low, fewest, not_high)
"""


def supported_network(network: nn.Module) -> Model:
    """Return the network if its layers can be written as ONNX (else ExportError)."""
    if not isinstance(network, TabularAE | TabularVAE):
        raise ExportError(f"got a network {type(network).__name__}, expected a TabularAE or a TabularVAE")
    return network


def encoder_graph(codec: Codec) -> bytes:
    """``readings`` double [N, F] in the station's units -> ``mean`` and, of a VAE, ``log_variance``, float [N, L]."""
    graph = OnnxWriter("encoder")
    graph.guard("readings", double=True)
    if isinstance(codec, NormalScoreCodec):
        normal_scores(graph, codec.transform)
        source, features, latent = "white", codec.transform.station.size, codec.latent
    else:
        graph.add(_SCALE, least=codec.scaler.least, **_affine(codec.scaler))
        source, features, latent = "scaled", len(codec.scaler.scale), codec.latent
    heads = ["mean"]
    network = codec.network
    if network is None:
        graph.add(f"free_mean = Identity ({source})")
    elif isinstance(network, TabularVAE | GenerativeVAE):
        heads.append("log_variance")
        graph.layers("trunk", network.trunk, source, "trunk")
        graph.layers("mean", [network.mean], "trunk", "free_mean")
        graph.layers("log_variance", [network.log_variance], "trunk", "wide_log_variance")
        low, high = LOG_VARIANCE if isinstance(network, GenerativeVAE) else (-np.inf, np.inf)
        graph.add(
            "free_log_variance = Clip (wide_log_variance, least_log, most_log)",
            least_log=np.float32(low),
            most_log=np.float32(high),
        )
    else:
        graph.layers("encoder", network.encoder, source, "free_mean")
    for head in heads:
        graph.add(f"{head} = Add (free_{head}, guard_readings)")
    return graph.build(f"double[N, {features}] readings", *(f"float[N, {latent}] {head}" for head in heads))


def decoder_graph(codec: Codec) -> bytes:
    """``latent`` [N, L], ``noise`` [N, F] float -> ``readings`` double [N, F] in the station's units."""
    graph = OnnxWriter("decoder")
    if isinstance(codec, NormalScoreCodec):
        decode_normal_scores(graph, codec)
        features = codec.transform.station.size
    else:
        features = len(codec.scaler.scale)
        graph.guard("latent")
        graph.guard("noise")
        graph.add("guard = Add (guard_latent, guard_noise)")
        graph.layers("decoder", supported_network(codec.network).decoder, "latent", "free")
        graph.add("decoded = Add (free, guard)")
        graph.add("disturbance = Mul (noise, sigma)", sigma=np.asarray(codec.sigma, dtype=np.float32))
        graph.add("scaled = Add (decoded, disturbance)")
        graph.add(_UNSCALE, nought=np.float64(0), fewest=codec.low, most=codec.high, **_affine(codec.scaler))
    return graph.build(
        f"float[N, {codec.latent}] latent, float[N, {features}] noise", f"double[N, {features}] readings"
    )


def scorer_graph(network: nn.Module, whitening: ArrayLike) -> bytes:
    """``features`` float [N, F] -> ``residuals``, ``contributions`` [N, F] and ``error`` [N], float.

    Residuals are features minus reconstruction; contributions are the squares of the whitened residuals, and their sum
    is the error. A VAE reconstructs from the mean of the code, never from a sample.

    Parameters
    ----------
    network
        The reconstruction network.
    whitening
        Matrix [F, F]; residuals times this are white.
    """
    model = supported_network(network)
    last = model.decoder[-1]
    assert isinstance(last, nn.Linear)
    graph = OnnxWriter("scorer")
    graph.guard("features")
    if isinstance(model, TabularVAE):
        graph.layers("trunk", model.trunk, "features", "trunk")
        graph.layers("mean", [model.mean], "trunk", "code")
    else:
        graph.layers("encoder", model.encoder, "features", "code")
    graph.layers("decoder", model.decoder, "code", "free")
    graph.add("reconstruction = Add (free, guard_features)")
    graph.add("residuals = Sub (features, reconstruction)")
    graph.add("white = MatMul (residuals, whitening)", whitening=np.asarray(whitening, dtype=np.float32))
    graph.add("contributions = Mul (white, white)")
    graph.add("error = ReduceSum <keepdims = 0> (contributions, columns)")
    rows = f"float[N, {last.out_features}]"
    return graph.build(f"{rows} features", f"{rows} residuals", f"{rows} contributions", "float[N] error")


def _affine(scaler: Scaler) -> Arrays:
    return {"is_log": scaler.is_log, "centre": np.array(scaler.mean), "spread": np.array(scaler.std)}
