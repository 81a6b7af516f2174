"""Golden rows of a run, and the outputs that its torch networks give for them."""

from __future__ import annotations

import numpy as np

from edge.arrays import Arrays, Floats, Singles
from edge.bundles.golden import GOLDEN_ROWS, RUN_IN, golden_scores
from edge.simulation.noise import autoregressive
from trainer.generation.codec import NormalScoreCodec
from trainer.run import Run

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
        network, and the ``gain`` of its whitening.
    """
    rows = RUN_IN + GOLDEN_ROWS
    rng = _generator(0)
    mean, covariance = run.generator.mixture.moments()
    latent = mean + autoregressive(rng, rows, np.full(mean.size, _INERTIA), covariance)
    noise = rng.standard_normal((rows, run.station.size))
    low, high = np.array([feature.range for feature in run.station.features]).T
    readings = np.clip(run.generator.codec.decode(latent, noise), low, high).astype(np.float32)
    arrays = expected(run, readings[-GOLDEN_ROWS:], rng) | {"readings": readings}
    for name, model in run.scoring_models.items():
        outputs = golden_scores(model, readings) | {"gain": _gain(run, name)}
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def random_rows(run: Run) -> Arrays:
    """Make 1,000 unrelated rows, codes and features within and around the training's distribution, with outputs.

    Returns
    -------
    dict
        What :func:`expected` gives, and behind each scoring model's name and a slash its network's ``features``,
        ``residuals``, ``contributions`` and ``error``, and the ``gain`` of its whitening.
    """
    rng = _generator(1)
    readings = run.scaler.inverse(_WIDTH * rng.standard_normal((RANDOM_ROWS, run.station.size)))
    arrays = expected(run, readings.astype(np.float32), rng)
    for name, model in run.scoring_models.items():
        features = (_WIDTH * rng.standard_normal((RANDOM_ROWS, model.size))).astype(np.float32)
        outputs = model.network.run(features=features) | {"features": features, "gain": _gain(run, name)}
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def expected(run: Run, readings: Singles, rng: np.random.Generator) -> Arrays:
    """Everything that the generator's graphs must give, by torch and numpy.

    Parameters
    ----------
    run
        Its generator.
    readings
        [N, F] in the station's units, for the encoder.
    rng
        Draws as many codes, for the decoder.

    Returns
    -------
    dict
        ``readings``; ``mean`` and, of a VAE, ``log_variance`` [N, L]; ``latent`` [N, L] and ``noise`` [N, F], and what
        becomes of them, ``decoded`` [N, F] in the station's units.
    """
    latent, noise = _settled(run, rng, len(readings))
    codec = run.generator.codec
    return {
        "readings": readings,
        **codec.encode(readings),
        "latent": latent,
        "noise": noise,
        "decoded": codec.decode(latent, noise),
    }


def _settled(run: Run, rng: np.random.Generator, rows: int) -> tuple[Singles, Singles]:
    """Codes [rows, L] and noise [rows, F] whose reading is not at the edge of a step, where the last bit would decide.

    A step is where the reading moves by much more than the noise does, or where a quantised column takes another value,
    however close.
    """
    codec, mixture = run.generator.codec, run.generator.mixture
    drawn = 4 * rows
    latent = mixture.draw(drawn, rng).astype(np.float32)
    noise = rng.standard_normal((drawn, run.station.size)).astype(np.float32)
    if isinstance(codec, NormalScoreCodec):
        scores = codec.scores(latent, noise)
        below, above = (codec.transform.readings(scores + nudge) for nudge in (-_NUDGE, _NUDGE))
        moved = np.abs(run.scaler.forward(above) - run.scaler.forward(below))
        quantised = list(codec.transform.steps)
        calm = (moved < 2 * _NUDGE * _STEEP).all(axis=1) & (below == above)[:, quantised].all(axis=1)
        latent, noise = latent[calm], noise[calm]
    return latent[:rows], noise[:rows]


def _gain(run: Run, name: str) -> Floats:
    """How much whitening magnifies a residual, at most; at least 1."""
    return np.array(max(1.0, np.linalg.norm(run.tables[f"{name}/whitening"], 2)))


def _generator(stream: int) -> np.random.Generator:
    # One seed for every run: their networks differ, and another draw would prove nothing more.
    return np.random.Generator(np.random.Philox(key=stream))
