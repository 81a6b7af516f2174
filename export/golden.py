"""Golden rows of a run, and the outputs that its torch networks give for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.golden import ROWS, RUN_IN
from edge.noise import autoregressive
from edge.pvalue import PValueTable
from export.graphs import known
from trainer.models import residuals
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
        ``readings`` [332, F] and, for the last 32, what :func:`expected` gives.
    """
    rows = RUN_IN + ROWS
    rng = _generator(0)
    mean, covariance = _prior(run)
    latent = (mean + autoregressive(rng, rows, np.full(mean.size, _INERTIA), covariance)).astype(np.float32)
    noise = rng.standard_normal((rows, run.station.size)).astype(np.float32)
    low, high = np.array([feature.range for feature in run.station.features]).T
    readings = np.clip(_decoded(run, latent, noise), low, high).astype(np.float32)
    tail = slice(-ROWS, None)
    return {**expected(run, readings[tail], latent[tail], noise[tail]), "readings": readings}


def random_rows(run: Run) -> Arrays:
    """Make 1,000 unrelated rows and latents within and around the training's distribution, with their outputs."""
    rng = _generator(1)
    mean, covariance = _prior(run)
    readings = run.scaler.inverse(_WIDTH * rng.standard_normal((RANDOM_ROWS, run.station.size)))
    latent = rng.multivariate_normal(mean, _WIDTH**2 * covariance, RANDOM_ROWS)
    noise = rng.standard_normal(readings.shape)
    return expected(run, readings.astype(np.float32), latent.astype(np.float32), noise.astype(np.float32))


def expected(
    run: Run, readings: NDArray[np.float32], latent: NDArray[np.float32], noise: NDArray[np.float32]
) -> Arrays:
    """Everything that the graphs and the p-value table must give, by torch and the house's scaler.

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
        The three inputs, ``mean`` and, of a VAE, ``log_variance`` [N, L]; ``decoded`` [N, F] in the station's units;
        ``residuals``, ``contributions`` [N, F], ``error``, ``score`` [N].
    """
    z = run.scaler.forward(readings).astype(np.float32)
    with torch.no_grad():
        code = known(run.generator).encode(torch.from_numpy(z))
    heads = dict(zip(("mean", "log_variance"), code if isinstance(code, tuple) else (code,), strict=False))
    left = residuals(known(run.reconstruction), z)
    loss = run.network("reconstruction").loss
    contributions = (left**2 if loss == "mse" else np.abs(left)) / z.shape[1]
    error = contributions.sum(axis=1)
    table = PValueTable(run.tables["reconstruction_error"], run.tables["reconstruction_score"])
    return {
        "readings": readings,
        "latent": latent,
        "noise": noise,
        **{name: value.numpy() for name, value in heads.items()},
        "decoded": _decoded(run, latent, noise),
        "residuals": left,
        "contributions": contributions,
        "error": error,
        "score": table.score(error),
    }


def _decoded(run: Run, latent: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.no_grad():
        decoded = known(run.generator).decode(torch.from_numpy(latent)).numpy()
    return run.scaler.inverse(decoded + run.sigma * noise)


def _prior(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of the codes that the generator is made to decode."""
    network = run.network("generator")
    if network.kind == "vae":
        return np.zeros(network.latent), np.eye(network.latent)
    return run.tables["latent_mean"], run.tables["latent_cov"]


def _generator(stream: int) -> np.random.Generator:
    # One seed for every run: their networks differ, and another draw would prove nothing more.
    return np.random.Generator(np.random.Philox(key=stream))
