"""Golden rows of a run, and the outputs that its torch networks give for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.golden import ROWS, RUN_IN, scored
from edge.noise import autoregressive
from export.graphs import known
from trainer.run import Run

Arrays = dict[str, NDArray[Any]]

RANDOM_ROWS = 1000

_INERTIA = 0.98  # lag-one correlation of the walk: a station's readings follow one another slowly
_WIDTH = 2.0  # random rows reach to twice the training's spread


def golden_rows(run: Run) -> Arrays:
    """Make contiguous synthetic readings, none of them from the record, with the outputs for the last of them.

    The generator decodes a first-order walk through its prior, with observation noise.

    Returns
    -------
    dict
        ``readings`` [332, F] and, for the last 32, what :func:`expected` gives; and behind each scoring model's name
        and a slash what :func:`edge.golden.scored` gives with its torch network, and the ``gain`` of its whitening.
    """
    rows = RUN_IN + ROWS
    rng = _generator(0)
    mean, covariance = _prior(run)
    latent = (mean + autoregressive(rng, rows, np.full(mean.size, _INERTIA), covariance)).astype(np.float32)
    noise = rng.standard_normal((rows, run.station.size)).astype(np.float32)
    low, high = np.array([feature.range for feature in run.station.features]).T
    readings = np.clip(_decoded(run, latent, noise), low, high).astype(np.float32)
    tail = slice(-ROWS, None)
    arrays = expected(run, readings[tail], latent[tail], noise[tail]) | {"readings": readings}
    for name, model in run.scoring.items():
        outputs = scored(model, readings) | {"gain": _gain(run, name)}
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def random_rows(run: Run) -> Arrays:
    """Make 1,000 unrelated rows, latents and features within and around the training's distribution, with outputs.

    Returns
    -------
    dict
        What :func:`expected` gives, and behind each scoring model's name and a slash its network's ``features``,
        ``residuals``, ``contributions`` and ``error``, and the ``gain`` of its whitening.
    """
    rng = _generator(1)
    mean, covariance = _prior(run)
    readings = run.scaler.inverse(_WIDTH * rng.standard_normal((RANDOM_ROWS, run.station.size)))
    latent = rng.multivariate_normal(mean, _WIDTH**2 * covariance, RANDOM_ROWS)
    noise = rng.standard_normal(readings.shape)
    arrays = expected(run, readings.astype(np.float32), latent.astype(np.float32), noise.astype(np.float32))
    for name, model in run.scoring.items():
        features = (_WIDTH * rng.standard_normal((RANDOM_ROWS, model.size))).astype(np.float32)
        outputs = model.network.run(features=features) | {"features": features, "gain": _gain(run, name)}
        arrays |= {f"{name}/{key}": array for key, array in outputs.items()}
    return arrays


def expected(
    run: Run, readings: NDArray[np.float32], latent: NDArray[np.float32], noise: NDArray[np.float32]
) -> Arrays:
    """Everything that the generator's graphs must give, by torch and the house's scaler.

    Parameters
    ----------
    run
        Its networks.
    readings
        [N, F] in the station's units.
    latent, noise
        [N, L] and [N, F].

    Returns
    -------
    dict
        The three inputs, ``mean`` and, of a VAE, ``log_variance`` [N, L]; ``decoded`` [N, F] in the station's units.
    """
    z = run.scaler.forward(readings).astype(np.float32)
    with torch.no_grad():
        code = known(run.generator).encode(torch.from_numpy(z))
    heads = dict(zip(("mean", "log_variance"), code if isinstance(code, tuple) else (code,), strict=False))
    return {
        "readings": readings,
        "latent": latent,
        "noise": noise,
        **{name: value.numpy() for name, value in heads.items()},
        "decoded": _decoded(run, latent, noise),
    }


def _decoded(run: Run, latent: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.no_grad():
        decoded = known(run.generator).decode(torch.from_numpy(latent)).numpy()
    return run.scaler.inverse(decoded + run.sigma * noise)


def _prior(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of the codes that the generator is made to decode."""
    network = run.generates
    if network.kind == "vae":
        return np.zeros(network.latent), np.eye(network.latent)
    return run.tables["latent_mean"], run.tables["latent_cov"]


def _gain(run: Run, name: str) -> NDArray[np.float64]:
    """How much whitening magnifies a residual, at most; at least 1."""
    return np.array(max(1.0, np.linalg.norm(run.tables[f"{name}/whitening"], 2)))


def _generator(stream: int) -> np.random.Generator:
    # One seed for every run: their networks differ, and another draw would prove nothing more.
    return np.random.Generator(np.random.Philox(key=stream))
