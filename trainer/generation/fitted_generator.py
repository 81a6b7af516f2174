"""Holds the trainer's form of a generator, and converts it to arrays and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from torch import Tensor, nn

from config.settings.station import Station
from edge.arrays import AnyFloats, Arrays, Floats, Singles
from edge.bundles.manifest import GeneratorSpec
from edge.bundles.scoring_tables import subtree
from edge.models.generator import Generator, pack_roots, unpack_roots
from edge.models.scaler import Scaler
from trainer.generation.codec import Decoding, Encoding, NormalScoreCodec, ScaledCodec
from trainer.generation.mixture import Mixture
from trainer.generation.normal_scores import NormalScoreTransform
from trainer.networks.autoencoder import build_autoencoder
from trainer.networks.generative import build_generative
from trainer.networks.history import History

Module = TypeVar("Module", bound=nn.Module | None)


@dataclass(frozen=True)
class FittedGenerator:
    """A fitted generator of synthetic rows.

    Parameters
    ----------
    station
        What the columns are.
    spec
        Description of the generator, as the manifest holds it.
    codec
        Transforms and network.
    mixture
        Distribution of the codes.
    latent_std
        Standard deviation of the training rows' codes, [L].
    low, high
        Range of the training rows, [F].
    history
        Training history of the network; ``None`` for a mixture, and for a generator read from a run.
    cpu_seconds
        CPU time [s] of this process for the whole fit; nan for a generator read from a run.
    """

    station: Station
    spec: GeneratorSpec
    codec: NormalScoreCodec | ScaledCodec
    mixture: Mixture
    latent_std: Singles
    low: AnyFloats
    high: AnyFloats
    history: History | None = None
    cpu_seconds: float = math.nan

    @cached_property
    def generator(self) -> Generator:
        """The gateway's form of the generator, run by torch and numpy."""
        return Generator(
            station=self.station,
            kind=self.spec.kind,
            encoder=Encoding(self.codec),
            decoder=Decoding(self.codec),
            weights=self.mixture.weights.astype(np.float32),
            means=self.mixture.means.astype(np.float32),
            roots=self.mixture.roots.astype(np.float32),
            latent_std=self.latent_std,
            regimes=self.spec.regimes,
            low=self.low,
            high=self.high,
            digits=self.spec.digits,
        )

    def arrays(self) -> Arrays:
        """Return all arrays but the network's: those of a bundle and, behind ``shaping/``, those of its graphs."""
        arrays: Arrays = {
            "weights": self.mixture.weights.astype(np.float32),
            "means": self.mixture.means.astype(np.float32),
            "triangles": pack_roots(self.mixture.roots),
            "latent_std": self.latent_std,
            "low": self.low,
            "high": self.high,
        }
        if isinstance(self.codec, NormalScoreCodec):
            arrays |= {f"shaping/{name}": array for name, array in self.codec.transform.arrays().items()}
        return arrays

    @classmethod
    def from_arrays(
        cls, spec: GeneratorSpec, station: Station, scaler: Scaler, arrays: Arrays, weights: Mapping[str, Tensor]
    ) -> FittedGenerator:
        """Rebuild a generator from its spec, :meth:`arrays` and its network's tensors (KeyError, RuntimeError)."""
        sigma = np.array(spec.sigma)
        codec: NormalScoreCodec | ScaledCodec
        if spec.transform == "quantile":
            transform = NormalScoreTransform.from_arrays(station, subtree(arrays, "shaping"))
            network = None if spec.network is None else build_generative(spec.network, station.size)
            codec = NormalScoreCodec(transform, _loaded(network, weights), sigma)
        else:
            assert spec.network is not None
            autoencoder = _loaded(build_autoencoder(spec.network, station.size), weights)
            codec = ScaledCodec(scaler, autoencoder, sigma, *physical_range(station))
        latent = spec.latent_size(station.size)
        return cls(
            station=station,
            spec=spec,
            codec=codec,
            mixture=Mixture(
                arrays["weights"].astype(np.float64),
                arrays["means"].astype(np.float64),
                unpack_roots(arrays["triangles"], latent).astype(np.float64),
            ),
            latent_std=arrays["latent_std"],
            low=arrays["low"],
            high=arrays["high"],
        )


def physical_range(station: Station) -> tuple[Floats, Floats]:
    """Return the least and the largest physically possible value of each column [F]."""
    low, high = np.array([feature.range for feature in station.features]).T
    return low, high


def _loaded(network: Module, weights: Mapping[str, Tensor]) -> Module:
    if network is not None:
        network.load_state_dict(dict(weights))
        network.eval()
    return network
