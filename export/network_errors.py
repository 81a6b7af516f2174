"""Estimates what single precision makes of the outputs of a run's networks."""

from __future__ import annotations

import numpy as np

from edge.arrays import AnyFloats, Arrays, Floats
from export.single_precision import UNIT, rounding_error
from trainer.generation.codec import NormalScoreCodec, ScaledCodec
from trainer.generation.normal_scores import REACH
from trainer.networks.autoencoder import TabularVAE
from trainer.networks.generative import GenerativeVAE, fold_linear
from trainer.scoring.reconstruction import WhitenedReconstruction

Codec = NormalScoreCodec | ScaledCodec


def code_errors(codec: Codec, readings: Floats) -> Arrays:
    """Return the errors of the codes [N, L] of readings [N, F], by head."""
    if isinstance(codec, NormalScoreCodec):
        source = codec.transform.forward(readings)
    else:
        source = codec.scaler.forward(readings)
    network, rounding = codec.network, UNIT * np.abs(source)
    if network is None:
        return {"mean": rounding}
    if isinstance(network, TabularVAE | GenerativeVAE):
        trunk, error = rounding_error(network.trunk, source, rounding)
        heads = {"mean": network.mean, "log_variance": network.log_variance}
        return {name: rounding_error([head], trunk, error)[1] for name, head in heads.items()}
    return {"mean": rounding_error(network.encoder, source, rounding)[1]}


def score_errors(codec: Codec, latent: AnyFloats, noise: AnyFloats) -> Floats:
    """Return the errors of the scores [N, F] that become of codes [N, L] and noise [N, F]."""
    if isinstance(codec, ScaledCodec):
        values, error = rounding_error(codec.network.decoder, latent, 0.0)
        return np.asarray(error + UNIT * (np.abs(values) + np.abs(codec.sigma * noise)))
    transform = codec.transform
    modules = fold_linear(codec.network, transform.unwhitening, transform.mean)
    values, error = rounding_error(modules, latent, 0.0)
    disturbed = np.abs(noise) @ (np.asarray(codec.sigma)[:, None] * np.abs(transform.unwhitening))
    # The graph counts nodes from the first one, and not scores from the middle.
    return np.asarray(error + UNIT * (disturbed * np.sqrt(noise.shape[1]) + np.abs(values) + 2 * REACH))


def residual_errors(network: WhitenedReconstruction, features: AnyFloats) -> Floats:
    """Return the errors of the residuals [N, F] that a reconstruction network leaves of features [N, F]."""
    model, rounding = network.module, UNIT * np.abs(np.asarray(features, dtype=np.float64))
    encoder = [*model.trunk, model.mean] if isinstance(model, TabularVAE) else model.encoder
    code, error = rounding_error(encoder, features, rounding)
    back, error = rounding_error(model.decoder, code, error)
    return np.asarray(error + rounding + UNIT * np.abs(back))
