"""Golden rows of a run, and the outputs that its torch networks give for them.

Golden rows are the same on every processor. BLAS, torch and exponential functions differ in their last bits from
processor to processor, so whatever is stored is computed in double precision and rounded (:mod:`export.rounding`), and
so is what the computation of something stored begins with.

Two processors differ where a value lies within its last bits of the border between two steps. For eleven runs under 22
settings of OpenBLAS, MKL, oneDNN, torch, numpy and the C library, no value did. Their differences before rounding,
each divided by its step, sum to less than 1e-6 per run. What the gateway keeps in single precision on the way to a
network's features adds to this, because there a difference becomes rarer and larger: differences 10,000 times as large
as those of a processor changed a value in at most 18 of 100 exports, so its own change one in 1 or 2 of 100,000.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import AnyFloats, Arrays, Floats, Singles
from edge.bundles.golden import GOLDEN_ROWS, RUN_IN, TOLERANCE, golden_scores, table_scores
from edge.models.runtime import Runtime
from edge.models.scoring_model import ScoringModel
from edge.simulation.noise import autoregressive
from export.network_errors import code_errors, residual_errors, score_errors
from export.rounding import COARSE, FINE, rounded, rounded_readings, rounded_squares
from export.single_precision import coarseness
from trainer.generation.codec import NormalScoreCodec, ScaledCodec
from trainer.run import Run
from trainer.scoring.reconstruction import WhitenedReconstruction

Codec = NormalScoreCodec | ScaledCodec

RANDOM_ROWS = 1000

_INERTIA = 0.98  # lag-one correlation of the walk: a station's readings follow one another slowly
_NUDGE = 1e-4  # a hundred times what single precision makes of a score
_STEEP = 4.0
_WIDTH = 2.0  # random rows reach to twice the training's spread


def golden_rows(run: Run) -> Arrays:
    """Make contiguous synthetic readings, none of them from the record, with the outputs for the last of them.

    The generator decodes a first-order walk with the moments of its codes, with observation noise.

    Returns
    -------
    dict
        ``readings`` [332, F] and, for the last 32, what :func:`expected` gives, with codes of their own; and behind
        each scoring model's name and a slash what :func:`edge.bundles.golden.golden_scores` gives with its torch
        network, and the ``gain`` of its whitening. Outputs are computed in double precision and rounded.
    """
    codec = _double_codec(run.generator.codec)
    rows = RUN_IN + GOLDEN_ROWS
    rng = _generator(0)
    mean, covariance = run.generator.mixture.moments()
    latent = rounded(mean + autoregressive(rng, rows, np.full(mean.size, _INERTIA), covariance), COARSE)
    scores = rounded(codec.scores(latent, rng.standard_normal((rows, run.station.size))), COARSE)
    low, high = np.array([feature.range for feature in run.station.features]).T
    readings = rounded_readings(np.clip(codec.readings(scores), low, high), run.scaler, FINE)
    arrays = expected(run, codec, readings[-GOLDEN_ROWS:], rng) | {"readings": readings}
    heads = [name for name in ("mean", "log_variance") if name in arrays]
    arrays |= {name: rounded(arrays[name], FINE).astype(np.float32) for name in heads}
    ends = ("decoded", "decoded_low", "decoded_high")
    arrays |= {name: rounded_readings(arrays[name], run.scaler, FINE) for name in ends}
    for name, model in run.scoring_models.items():
        outputs = _expected_scores(model, readings, _gain(run, name))
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def random_rows(run: Run) -> Arrays:
    """Make 1,000 unrelated rows, codes and features within and around the training's distribution, with outputs.

    Returns
    -------
    dict
        What :func:`expected` gives, and behind each scoring model's name and a slash its network's ``features``,
        ``residuals``, ``contributions`` and ``error``, their coarseness, and the ``gain`` of its whitening.
    """
    rng = _generator(1)
    readings = run.scaler.inverse(_WIDTH * rng.standard_normal((RANDOM_ROWS, run.station.size)))
    arrays = expected(run, run.generator.codec, readings, rng)
    for name, model in run.scoring_models.items():
        features = (_WIDTH * rng.standard_normal((RANDOM_ROWS, model.size))).astype(np.float32)
        outputs = model.network.run(features=features) | {"features": features, "gain": _gain(run, name)}
        outputs |= _coarseness(model.network, features, outputs["gain"])
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def expected(run: Run, codec: Codec, readings: Floats, rng: np.random.Generator) -> Arrays:
    """Everything that the generator's graphs must give, by torch and numpy.

    Parameters
    ----------
    run
        Its generator.
    codec
        That generator's codec, in single or in double precision.
    readings
        [N, F] in the station's units, for the encoder.
    rng
        Draws as many codes, for the decoder.

    Returns
    -------
    dict
        ``readings``; ``mean`` and, of a VAE, ``log_variance`` [N, L], and their coarseness (see
        :func:`edge.bundles.golden.difference`); ``latent`` [N, L] and ``noise`` [N, F], and what becomes of them,
        ``decoded`` [N, F] in the station's units, with the least and largest reading that single precision may give.
    """
    latent, noise = _settled(run, codec, rng, len(readings))
    scores = codec.scores(latent, noise)
    nearby = TOLERANCE * np.maximum(1.0, np.abs(scores)) * coarseness(score_errors(codec, latent, noise))
    return {
        "readings": readings,
        **codec.encode(readings),
        **{f"{name}_coarseness": coarseness(error) for name, error in code_errors(codec, readings).items()},
        "latent": latent,
        "noise": noise,
        "decoded": codec.readings(scores),
        "decoded_low": codec.readings(scores - nearby),
        "decoded_high": codec.readings(scores + nearby),
    }


def _settled(run: Run, codec: Codec, rng: np.random.Generator, rows: int) -> tuple[Singles, Singles]:
    """Codes [rows, L] and noise [rows, F] whose reading is not at the edge of a step, as far as there are such.

    A step is where the reading moves by much more than the noise does, or where a quantised column takes another value,
    however close. There the last bit would decide, and the comparison shows less.
    """
    drawn = 4 * rows
    latent, noise = (
        rounded(normal, COARSE).astype(np.float32)
        for normal in (run.generator.mixture.draw(drawn, rng), rng.standard_normal((drawn, run.station.size)))
    )
    if isinstance(codec, NormalScoreCodec):
        scores = codec.scores(latent, noise)
        below, above = (codec.readings(scores + nudge) for nudge in (-_NUDGE, _NUDGE))
        moved = np.abs(run.scaler.forward(above) - run.scaler.forward(below))
        quantised = list(codec.transform.steps)
        calm = (moved < 2 * _NUDGE * _STEEP).all(axis=1) & (below == above)[:, quantised].all(axis=1)
        order = np.argsort(~calm, kind="stable")
        latent, noise = latent[order], noise[order]
    return latent[:rows], noise[:rows]


def _expected_scores(model: ScoringModel, readings: Floats, gain: Floats) -> Arrays:
    """What a scoring model must give for the last readings, rounded, and the gain of its whitening."""
    assert isinstance(model.network, WhitenedReconstruction)
    network = _Recorded(replace(model.network, module=copy.deepcopy(model.network.module).double()))
    outputs = golden_scores(replace(model, network=network), readings)
    gain = rounded(gain, FINE)
    squares = {key: rounded_squares(outputs[key], float(gain), FINE) for key in ("error", "contributions")}
    components = rounded(outputs["components"], FINE)
    # From rounded values: the table of a column that hardly ever moves is so steep that it would show their last bits.
    scores = table_scores(model, squares["error"], components)
    if "onset" in outputs:
        scores["onset"] = outputs["onset"]
    scores = {key: rounded(array, FINE) for key, array in scores.items()}
    coarse = _coarseness(model.network, network.features[: len(readings)][-GOLDEN_ROWS:], gain)
    return squares | scores | coarse | {"components": components, "gain": gain}


class _Recorded:
    """A network that keeps the features that it was run on."""

    def __init__(self, network: Runtime) -> None:
        self._network = network
        self.features: AnyFloats = np.empty((0, 0))

    def run(self, **inputs: ArrayLike) -> Arrays:
        self.features = np.asarray(inputs["features"])
        return self._network.run(**inputs)


def _coarseness(network: Runtime, features: AnyFloats, gain: Floats) -> Arrays:
    """Coarseness of what a reconstruction network gives for features [N, F]."""
    assert isinstance(network, WhitenedReconstruction)
    error = residual_errors(network, features)
    white = np.sqrt(np.square(error) @ np.square(network.whitening))
    return {
        "residuals_coarseness": coarseness(error),
        "contributions_coarseness": coarseness(white / gain),
        "error_coarseness": coarseness(np.sqrt(np.square(white).sum(axis=1)) / gain),
    }


def _double_codec(codec: Codec) -> Codec:
    """Return the codec with a copy of its network in double precision."""
    if isinstance(codec, ScaledCodec):
        return replace(codec, network=copy.deepcopy(codec.network).double())
    return codec if codec.network is None else replace(codec, network=copy.deepcopy(codec.network).double())


def _gain(run: Run, name: str) -> Floats:
    """How much whitening magnifies a residual, at most; at least 1."""
    return np.array(max(1.0, np.linalg.norm(run.tables[f"{name}/whitening"], 2)))


def _generator(stream: int) -> np.random.Generator:
    # One seed for every run: their networks differ, and another draw would prove nothing more.
    return np.random.Generator(np.random.Philox(key=stream))
