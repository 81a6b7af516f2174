"""Fits the detectors that ours is compared with, each as its publication or its textbook describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TextIO

import numpy as np
import torch
from msgspec.structs import replace

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats, Indices
from trainer.data.scaler import fit_scaler
from trainer.evaluation.detection.results import PUBLISHED_AE, PUBLISHED_VAE
from trainer.networks.autoencoder import TabularVAE, describe_network, row_errors, seeded_autoencoder
from trainer.networks.training import fit_autoencoder

Score = Callable[[Floats], Floats]

COMPONENTS = 4
"""Components of the PCA, as many as our networks have latents."""
NEIGHBOUR = 5
NEIGHBOURS = 2000
"""Most training rows, evenly spaced, that the kNN searches."""
TREES = 100


@dataclass(frozen=True)
class Peer:
    """A fitted detector without a memory.

    Parameters
    ----------
    name
        Name in the tables.
    score
        Readings [N, F] -> scores [N], the larger the stranger.
    trained
        Scores of the training rows, ascending [M].
    """

    name: str
    score: Score
    trained: Floats

    def threshold(self, rate: float) -> float:
        """Return the score that a share ``rate`` of the training rows exceeds: in sample, as published."""
        return float(np.quantile(self.trained, 1 - rate))


def fit_peers(
    values: Floats,
    station: Station,
    train: Indices,
    validation: Indices,
    *,
    epochs: int | None = None,
    seed: int = 42,
    progress: TextIO | None = None,
) -> tuple[Peer, ...]:
    """Fit every peer on training rows.

    The published AE and VAE see z-scores and score by the mean squared error: the VAE, as published, of a sampled
    reconstruction, and once of the one from the mean. The others see logarithms, as ours do: the residual beyond four
    principal components, an isolation forest, the distance to the fifth of 2,000 neighbours, and a plain threshold on
    the largest z-score.

    Parameters
    ----------
    values
        Readings [N, F] in the station's units.
    station
        What the columns are.
    train
        Row numbers to fit on.
    validation
        Part of ``train`` that decides when the published networks stop; these are fitted on the other rows only.
    epochs
        Most epochs, in place of the published 50.
    seed
        Seed of everything random.
    progress
        Where progress bars are drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        A column is constant on the training rows.
    """
    settings = replace(Training.reference(), seed=seed)
    if epochs is not None:
        settings = replace(settings, epochs=min(epochs, settings.epochs))
    fitted = values[np.setdiff1d(train, validation)]
    scores = {
        **dict(_published(fitted, values[validation], station, settings, progress)),
        **dict(_textbook(values[train], station, seed)),
    }
    return tuple(Peer(name, score, np.sort(score(values[train]))) for name, score in scores.items())


def _published(
    fitted: Floats, stopping: Floats, station: Station, settings: Training, progress: TextIO | None
) -> Iterator[tuple[str, Score]]:
    scaler = fit_scaler(fitted, station, "standard")
    kinds: tuple[Literal["ae", "vae"], ...] = ("ae", "vae")
    for kind in kinds:
        model = seeded_autoencoder(describe_network(kind, settings), station.size, settings.seed)
        fit_autoencoder(
            model,
            scaler.forward(fitted).astype(np.float32),
            scaler.forward(stopping).astype(np.float32),
            settings,
            seed=settings.seed,
            progress=progress,
            label=f"published {kind.upper()}",
        )
        name = PUBLISHED_AE if kind == "ae" else f"{PUBLISHED_VAE}, mean"
        yield name, lambda x, model=model: row_errors(model, scaler.forward(x), settings.loss)  # type: ignore[misc]
        if isinstance(model, TabularVAE):
            yield PUBLISHED_VAE, lambda x, model=model: _sampled(model, scaler.forward(x), settings.seed)  # type: ignore[misc]


@torch.inference_mode()
def _sampled(model: TabularVAE, z: Floats, seed: int) -> Floats:
    """Return the mean squared error [N] of a reconstruction from one sample of each row's code."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.from_numpy(z.astype(np.float32))
    mean, log_variance = model.encode(rows)
    code = mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=generator)
    return np.asarray(((rows - model.decode(code)) ** 2).mean(dim=1), dtype=np.float64)


def _textbook(train: Floats, station: Station, seed: int) -> Iterator[tuple[str, Score]]:
    from sklearn.ensemble import IsolationForest  # slow to import, and needed only here
    from sklearn.neighbors import NearestNeighbors

    scaler = fit_scaler(train, station, "log")
    z = scaler.forward(train)
    axes = np.linalg.svd(z, full_matrices=False)[2][:COMPONENTS]
    forest = IsolationForest(n_estimators=TREES, random_state=seed).fit(z)
    near = z[np.linspace(0, len(z) - 1, min(NEIGHBOURS, len(z))).astype(int)]
    neighbours = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(near))).fit(near)

    def left_out(x: Floats) -> Floats:
        rows = scaler.forward(x)
        return np.asarray(((rows - rows @ axes.T @ axes) ** 2).mean(axis=1))

    yield f"PCA, {COMPONENTS} components", left_out
    yield "Isolation Forest", lambda x: -np.asarray(forest.score_samples(scaler.forward(x)))
    yield f"kNN, k = {NEIGHBOUR}", lambda x: np.asarray(neighbours.kneighbors(scaler.forward(x))[0][:, -1])
    yield "threshold, max |z|", lambda x: np.asarray(np.abs(scaler.forward(x)).max(axis=1))
