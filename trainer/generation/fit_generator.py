"""Fits the generator of synthetic rows."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal, TextIO

import numpy as np
import torch
from msgspec.structs import replace as replace_struct

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.bundles.manifest import GeneratorSpec, NetworkSpec
from edge.models.generator import REGIMES
from edge.models.scaler import Scaler
from trainer.data.scaler import fit_scaler
from trainer.generation.codec import Codec, NormalScoreCodec, ScaledCodec
from trainer.generation.column_resolution import column_resolution
from trainer.generation.fitted_generator import FittedGenerator, physical_range
from trainer.generation.mixture import fit_mixture
from trainer.generation.normal_scores import fit_normal_scores
from trainer.networks.autoencoder import describe_network, seeded_autoencoder
from trainer.networks.generative import seeded_generative
from trainer.networks.generative_training import fit_generative
from trainer.networks.history import History
from trainer.networks.training import fit_autoencoder

_Kind = Literal["ae", "vae", "mixture"]
CALIBRATION_ROWS = 100_000
"""Generated rows that the calibration is made from."""
_SHOWN = 1000  # rows, about
_CODES, _HELD_OUT, _GENERATED, _SIGMA = range(3, 7)  # streams of random numbers, added to the seed


def fit_generator(
    train: Floats,
    validation: Floats,
    station: Station,
    settings: Training,
    progress: TextIO | None = None,
) -> FittedGenerator:
    """Fit transforms, network, mixture and calibration; on one machine, the same seed gives the same bits.

    ``scaler: standard`` selects the published form: z-scores, the network and the loss of the settings, and one
    Gaussian over the codes.

    Parameters
    ----------
    train, validation
        Rows [N, F] and [M, F] in the station's units, without nan.
    station
        What the columns are.
    settings
        How to fit.
    progress
        Where a progress bar is drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        A column is constant, a loss is no longer a number, or the device does not exist.
    """
    started = time.process_time()
    kind = settings.generator or ("ae" if settings.model == "ae" else "vae")
    scaler = fit_scaler(train, station, settings.scaler)  # also refuses constant columns
    published = settings.scaler == "standard" and kind != "mixture"
    fitting = _published if published else _with_normal_scores
    network, codec, history = fitting(
        train, validation, settings, kind=kind, scaler=scaler, progress=progress, station=station
    )
    codes, held_out = (
        _codes(codec, rows, settings.seed + stream) for rows, stream in ((train, _CODES), (validation, _HELD_OUT))
    )
    one = fit_mixture(codes, settings.seed, components=1)
    components = None if settings.components == "auto" else settings.components
    mixture = (
        one
        if published
        else fit_mixture(codes, settings.seed, components=components, search=settings.search_k, progress=progress)
    )
    if isinstance(codec, NormalScoreCodec):
        rng = np.random.Generator(np.random.Philox(key=settings.seed + _GENERATED))
        latent = mixture.draw(CALIBRATION_ROWS, rng)
        scores = codec.scores(latent, rng.standard_normal((CALIBRATION_ROWS, station.size)))
        codec = replace(codec, transform=codec.transform.calibrated(scores))
    spec = GeneratorSpec(
        kind=kind,
        network=network,
        transform="quantile" if isinstance(codec, NormalScoreCodec) else "scaler",
        sigma=tuple(codec.sigma.tolist()),
        components=len(mixture.weights),
        likelihood=mixture.log_likelihood(held_out),
        baseline=one.log_likelihood(held_out),
        regimes=_regimes(train, station),
        digits=column_resolution(train, codec.transform.steps if isinstance(codec, NormalScoreCodec) else ()),
    )
    return FittedGenerator(
        station=station,
        spec=spec,
        codec=codec,
        mixture=mixture,
        latent_std=codes.std(axis=0).astype(np.float32),
        low=train.min(axis=0),
        high=train.max(axis=0),
        history=history,
        cpu_seconds=time.process_time() - started,
    )


def refit_generator(
    earlier: FittedGenerator, rows: Floats, settings: Training, progress: TextIO | None = None
) -> FittedGenerator:
    """Fit a generator once more, on all rows: no row is held out, and nothing is decided on one.

    The numbers of epochs and of Gaussians are fixed in advance: where ``earlier`` chose them (the epochs of the
    published form, the Gaussians of a search), they are its choice. Likelihoods of held-out rows remain those of
    ``earlier``.

    Parameters
    ----------
    earlier
        The generator fitted with the same settings on a part of the rows.
    rows
        Rows [N, F] in the station's units, without nan.
    settings
        How ``earlier`` was fitted.
    progress
        Where a progress bar is drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        As :func:`fit_generator`.
    """
    components = earlier.spec.components if settings.search_k else settings.components
    fixed = replace_struct(settings, search_k=False, components=components)
    if earlier.history is not None and earlier.spec.transform == "scaler":
        epochs = earlier.history.chosen
        fixed = replace_struct(fixed, epochs=epochs, patience=epochs, restore_best=False)
    thin = rows[:: max(1, len(rows) // _SHOWN)]  # for the loss that a progress bar shows
    fitted = fit_generator(rows, thin, earlier.station, fixed, progress)
    known = {"likelihood": earlier.spec.likelihood, "baseline": earlier.spec.baseline}
    return replace(fitted, spec=replace_struct(fitted.spec, **known))


def _with_normal_scores(
    train: Floats,
    validation: Floats,
    settings: Training,
    *,
    station: Station,
    scaler: Scaler,
    kind: _Kind,
    progress: TextIO | None,
) -> tuple[NetworkSpec | None, NormalScoreCodec | ScaledCodec, History | None]:
    transform = fit_normal_scores(train, station)
    if kind == "mixture":
        return None, NormalScoreCodec(transform, None, np.zeros(station.size)), None
    network = NetworkSpec(
        kind=kind,
        hidden=settings.generator_hidden,
        latent=min(settings.latent, station.size) if kind == "ae" else station.size,
        loss="likelihood",
        beta=settings.generator_beta if kind == "vae" else 0.0,
    )
    model = seeded_generative(network, station.size, settings.seed)
    white, held_out = (transform.forward(rows).astype(np.float32) for rows in (train, validation))
    history = fit_generative(model, white, held_out, settings, seed=settings.seed, progress=progress)
    with torch.no_grad():
        sigma = np.exp(model.bounded_log_sigma.numpy().astype(np.float64)) * settings.observation_noise
    return network, NormalScoreCodec(transform, model, sigma), history


def _published(
    train: Floats,
    validation: Floats,
    settings: Training,
    *,
    station: Station,
    scaler: Scaler,
    kind: _Kind,
    progress: TextIO | None,
) -> tuple[NetworkSpec | None, NormalScoreCodec | ScaledCodec, History | None]:
    assert kind != "mixture"
    network = describe_network(kind, settings)
    model = seeded_autoencoder(network, station.size, settings.seed)
    z, held_out = (scaler.forward(rows).astype(np.float32) for rows in (train, validation))
    history = fit_autoencoder(model, z, held_out, settings, seed=settings.seed, progress=progress, label="generator")
    codec = ScaledCodec(scaler, model, np.zeros(station.size), *physical_range(station))
    if settings.observation_noise:
        codes = _codes(codec, train, settings.seed + _SIGMA).astype(np.float32)
        with torch.no_grad():
            codec = replace(codec, sigma=(z - model.decode(torch.from_numpy(codes)).numpy()).std(axis=0))
    return network, codec, history


def _codes(codec: Codec, readings: Floats, seed: int) -> Floats:
    """Return codes [N, L] of rows; a VAE's are one draw each from the code's distribution."""
    heads = codec.encode(readings)
    mean = heads["mean"].astype(np.float64)
    if "log_variance" not in heads:
        return mean
    normal = np.random.Generator(np.random.Philox(key=seed)).standard_normal(mean.shape)
    return np.asarray(mean + np.exp(0.5 * heads["log_variance"]) * normal)


def _regimes(rows: Floats, station: Station) -> dict[str, tuple[float, float]]:
    """Cut the gas column's range where three clusters meet (k-means on its scale); no regimes without a gas column."""
    if station.gas_index is None:
        return {}
    from sklearn.cluster import KMeans  # slow to import, and needed only here

    gas = rows[:, station.gas_index]
    log = station.features[station.gas_index].scale == "log" and gas.min() > 0
    scaled = np.log(gas) if log else gas
    first = np.quantile(scaled, [0.1, 0.5, 0.9])[:, None]
    centres = np.sort(KMeans(len(REGIMES), init=first, n_init=1).fit(scaled[:, None]).cluster_centers_[:, 0])
    cuts = (centres[1:] + centres[:-1]) / 2
    borders = [float(gas.min()), *(np.exp(cuts) if log else cuts).tolist(), float(gas.max())]
    return {name: (borders[i], borders[i + 1]) for i, name in enumerate(REGIMES)}
