"""Fits the synthesisers that are evaluated: ours, and those that ours is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from msgspec.structs import replace

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.models.column_digits import shorten_rows
from edge.synthesis.sampler import Sampler
from trainer.data.scaler import fit_scaler
from trainer.evaluation.synthesis.results import JITTER, OURS, PUBLISHED, SMOTE, GeneratorKind
from trainer.generation.fit_generator import fit_generator
from trainer.networks.autoencoder import TabularVAE, describe_network, seeded_autoencoder
from trainer.networks.training import fit_autoencoder

if TYPE_CHECKING:
    from pandas import DataFrame

Draw = Callable[[int, int], Floats]
"""(n, seed) -> rows [n, F] in the station's units."""

VAE_NOISE = 0.1
"""Noise on the codes of the published VAE; the published AE gets half of each latent's standard deviation."""
NEIGHBOURS = 5
TVAE_EPOCHS = 100


@dataclass(frozen=True)
class FittedSynthesiser:
    """A synthesiser that was fitted on training rows.

    Parameters
    ----------
    draw
        (n, seed) -> rows [n, F] in the station's units.
    reconstruct
        Rows [N, F] -> the same rows encoded and decoded [N, F]; ``None`` if the synthesiser cannot.
    cpu_seconds
        CPU time of the fit [s], if it ran in a process of its own; ``None`` otherwise.
    around
        (n, seed, noise on the codes) -> rows [n, F] around training rows, where a noise of ``None`` stands for the
        synthesiser's own; ``None`` if it has no network.
    """

    draw: Draw
    reconstruct: Callable[[Floats], Floats] | None = None
    around: Callable[[int, int, float | None], Floats] | None = None
    cpu_seconds: float | None = None


Fit = Callable[[Floats, Floats, Station, int], FittedSynthesiser]
"""(training rows [N, F], validation rows [M, F], station, seed) -> fitted synthesiser."""


def ours(settings: Training) -> GeneratorKind:
    """Return which generator a training with these settings makes."""
    return settings.generator or ("ae" if settings.model == "ae" else "vae")


def synthesisers(settings: Training, *, quick: bool = False) -> dict[str, Fit]:
    """List the synthesisers by name, first the one that is judged.

    These are ours as the settings describe it; the plain Gaussian mixture on the same transform and our other network;
    the published networks, resampled as published; two ways to copy; and, if their packages are installed, a Gaussian
    copula and a TVAE as their authors tuned them.

    Parameters
    ----------
    settings
        Settings of ours.
    quick
        Leave out our other network and the optional packages, and train the published networks for 12 epochs.
    """
    first = ours(settings)
    kinds: tuple[GeneratorKind, ...] = (
        (first, "mixture") if quick else (first, "mixture", "ae" if first == "vae" else "vae")
    )
    every = networks(settings, quick=quick)
    found = {name: every[name] for name in dict.fromkeys([*(OURS[kind] for kind in kinds), *PUBLISHED.values()])}
    found |= {JITTER: _jitter, SMOTE: _smote}
    return found if quick else found | dict(_optional())


def networks(settings: Training, *, quick: bool = False) -> dict[str, Fit]:
    """List all three of ours, whatever the settings, and the published networks; parameters as above."""
    published = replace(Training.reference(), epochs=12) if quick else Training.reference()
    found: dict[str, Fit] = {name: _our(kind, settings) for kind, name in OURS.items()}
    return found | {name: _published(kind, published) for kind, name in PUBLISHED.items()}


def _our(kind: GeneratorKind, settings: Training) -> Fit:
    def make(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
        chosen = replace(settings, generator=kind, seed=seed)
        generator = fit_generator(train, validation, station, chosen, None).generator

        def reconstruct(rows: Floats) -> Floats:
            latent = generator.encoder.run(readings=rows)["mean"]
            return np.asarray(generator.decoder.run(latent=latent, noise=np.zeros_like(rows))["readings"], dtype=float)

        sampler = Sampler(generator)

        def around(n: int, seed: int, noise: float | None) -> Floats:
            return sampler.around(train, n, seed, noise)

        def draw(n: int, seed: int) -> Floats:
            """Draw rows as ``davylamp synthesize`` writes them."""
            return np.array(shorten_rows(sampler.prior(n, seed), generator.digits))

        return FittedSynthesiser(draw, reconstruct, None if kind == "mixture" else around)

    return make


def _published(kind: Literal["ae", "vae"], published: Training) -> Fit:
    """Fit a published network and resample its codes of the training rows with noise, as published."""

    def make(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
        settings = replace(published, seed=seed)
        scaler = fit_scaler(train, station, "standard")
        model = seeded_autoencoder(describe_network(kind, settings), station.size, seed)
        z = scaler.forward(train).astype(np.float32)
        fit_autoencoder(model, z, scaler.forward(validation).astype(np.float32), settings, seed=seed)

        @torch.inference_mode()
        def around(n: int, seed: int, noise: float | None) -> Floats:
            random = torch.Generator().manual_seed(seed)
            rows = torch.from_numpy(z)
            if isinstance(model, TabularVAE):
                mean, log_variance = model.encode(rows)
                codes = mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=random)
                own = torch.full((codes.shape[1],), VAE_NOISE)
            else:
                codes = model.encode(rows)
                own = 0.5 * codes.std(dim=0)
            width = own if noise is None else torch.full_like(own, noise)
            codes = codes[torch.randint(len(codes), (n,), generator=random)]
            made = model.decode(codes + width * torch.randn(codes.shape, generator=random))
            return scaler.inverse(made.numpy().astype(np.float64))

        return FittedSynthesiser(lambda n, seed: around(n, seed, None), around=around)

    return make


def _jitter(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
    """Copy training rows with noise of 2 % of each column's standard deviation."""

    def draw(n: int, seed: int) -> Floats:
        rng = np.random.default_rng(seed)
        chosen = train[rng.integers(len(train), size=n)]
        return np.asarray(chosen + 0.02 * train.std(axis=0) * rng.standard_normal(chosen.shape))

    return FittedSynthesiser(draw)


def _smote(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
    """Interpolate between a training row and one of its neighbours (Chawla et al., JAIR 16, 2002), without classes."""
    from sklearn.neighbors import NearestNeighbors  # slow to import, and needed only here

    z = train / train.std(axis=0)
    count = min(NEIGHBOURS, len(z) - 1)
    near = NearestNeighbors(n_neighbors=count + 1).fit(z).kneighbors(z, return_distance=False)[:, 1:]

    def draw(n: int, seed: int) -> Floats:
        rng = np.random.default_rng(seed)
        base = rng.integers(len(train), size=n)
        other = near[base, rng.integers(count, size=n)]
        return np.asarray(train[base] + rng.uniform(size=(n, 1)) * (train[other] - train[base]))

    return FittedSynthesiser(draw)


def _optional() -> Iterator[tuple[str, Fit]]:
    """Yield the SDV's synthesisers if its packages are installed; they are no dependency of the project."""
    if find_spec("copulas") is not None:
        yield "Gaussian copula, SDV", _copula
    if find_spec("ctgan") is not None:
        yield f"TVAE, {TVAE_EPOCHS} epochs", _tvae


def _copula(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
    """Fit a Gaussian copula between beta distributions, the SDV's default."""
    marginal = import_module("copulas.univariate").BetaUnivariate
    model = import_module("copulas.multivariate").GaussianMultivariate(distribution=marginal)
    model.fit(_frame(train, station))

    def draw(n: int, seed: int) -> Floats:
        model.set_random_state(seed)
        return np.asarray(model.sample(n), dtype=np.float64)

    return FittedSynthesiser(draw)


def _tvae(train: Floats, validation: Floats, station: Station, seed: int) -> FittedSynthesiser:
    """Fit a TVAE (Xu et al., NeurIPS 2019)."""
    model = import_module("ctgan").TVAE(epochs=TVAE_EPOCHS, enable_gpu=False)
    model.set_random_state(seed)
    model.fit(_frame(train, station))

    def draw(n: int, seed: int) -> Floats:
        model.set_random_state(seed)
        return np.asarray(model.sample(n), dtype=np.float64)

    return FittedSynthesiser(draw)


def _frame(values: Floats, station: Station) -> DataFrame:
    import pandas as pd  # slow to import, and needed only here

    return pd.DataFrame(values, columns=list(station.keys))
