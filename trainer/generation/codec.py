"""Codes readings and decodes them, by torch and numpy; the graphs of a bundle do the same arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from edge.arrays import AnyFloats, Arrays, Floats
from edge.models.scaler import Scaler
from trainer.generation.normal_scores import NormalScoreTransform
from trainer.networks.autoencoder import TabularAE, TabularVAE, in_blocks
from trainer.networks.generative import Generative, GenerativeVAE


class Codec(Protocol):
    """Readings to codes and back."""

    def encode(self, readings: ArrayLike) -> Arrays:
        """Readings [N, F] in the station's units -> ``mean`` [N, L] and, of a VAE, ``log_variance`` [N, L]."""

    def decode(self, latent: ArrayLike, noise: ArrayLike) -> Floats:
        """Codes [N, L] and standard normal noise [N, F] -> readings [N, F] in the station's units."""


@dataclass(frozen=True)
class NormalScoreCodec:
    """A codec of quantile tables, whitening and a network.

    Parameters
    ----------
    transform
        Transform between readings and white rows.
    network
        Network between white rows and codes; with ``None``, the codes are the white rows.
    sigma
        Standard deviations of the observation noise in white space, [F].
    """

    transform: NormalScoreTransform
    network: Generative | None
    sigma: Floats

    @property
    def latent(self) -> int:
        """Size L of a code."""
        return self.transform.station.size if self.network is None else _latent(self.network)

    def encode(self, readings: ArrayLike) -> Arrays:
        """See :class:`Codec`."""
        white = self.transform.forward(readings)
        return {"mean": white.astype(np.float32)} if self.network is None else _heads(self.network, white)

    def decode(self, latent: ArrayLike, noise: ArrayLike) -> Floats:
        """See :class:`Codec`."""
        return self.readings(self.scores(latent, noise))

    def scores(self, latent: ArrayLike, noise: ArrayLike) -> Floats:
        """Codes [N, L] and noise [N, F] -> normal scores [N, F] before the calibration."""
        white = np.asarray(latent, dtype=np.float32) if self.network is None else _decoded(self.network, latent)
        return self.transform.scores(white + self.sigma * np.asarray(noise))

    def readings(self, scores: ArrayLike) -> Floats:
        """Scores [N, F] -> readings [N, F] in the station's units."""
        return self.transform.readings(scores)


@dataclass(frozen=True)
class ScaledCodec:
    """The published form: z-scores, and an autoencoder or a variational autoencoder.

    Parameters
    ----------
    scaler
        Scaler of all columns.
    network
        Network between z-scores and codes.
    sigma
        Standard deviations of the observation noise in scaled space, [F]; 0 in the published form.
    low, high
        Physical range in the station's units, [F].
    """

    scaler: Scaler
    network: TabularAE | TabularVAE
    sigma: Floats
    low: Floats
    high: Floats

    @property
    def latent(self) -> int:
        """Size L of a code."""
        return _latent(self.network)

    def encode(self, readings: ArrayLike) -> Arrays:
        """See :class:`Codec`."""
        return _heads(self.network, self.scaler.forward(readings))

    def decode(self, latent: ArrayLike, noise: ArrayLike) -> Floats:
        """See :class:`Codec`."""
        return self.readings(self.scores(latent, noise))

    def scores(self, latent: ArrayLike, noise: ArrayLike) -> Floats:
        """Codes [N, L] and noise [N, F] -> z-scores [N, F]."""
        return np.asarray(_decoded(self.network, latent) + self.sigma * np.asarray(noise))

    def readings(self, scores: ArrayLike) -> Floats:
        """Z-scores [N, F] -> readings [N, F] in the station's units."""
        return np.asarray(np.clip(self.scaler.inverse(scores), self.low, self.high))


@dataclass(frozen=True)
class Encoding:
    """The encoder of a codec, with the interface of :class:`edge.models.runtime.Runtime`."""

    codec: Codec

    def run(self, **inputs: ArrayLike) -> Arrays:
        """``readings`` -> heads of the code."""
        return self.codec.encode(inputs["readings"])


@dataclass(frozen=True)
class Decoding:
    """The decoder of a codec, with the interface of :class:`edge.models.runtime.Runtime`."""

    codec: Codec

    def run(self, **inputs: ArrayLike) -> Arrays:
        """``latent``, ``noise`` -> ``readings``."""
        return {"readings": self.codec.decode(inputs["latent"], inputs["noise"])}


def _latent(network: Generative | TabularAE | TabularVAE) -> int:
    first = network.decoder[0]
    assert isinstance(first, nn.Linear)
    return first.in_features


def _heads(network: Generative | TabularAE | TabularVAE, rows: Floats) -> Arrays:
    def joined(part: Tensor) -> Tensor:
        code = network.encode(part)
        return torch.cat(code, dim=1) if isinstance(code, tuple) else code

    heads = in_blocks(network, rows, joined)
    names = ("mean", "log_variance") if isinstance(network, TabularVAE | GenerativeVAE) else ("mean",)
    return dict(zip(names, np.split(heads, len(names), axis=1), strict=True))


def _decoded(network: Generative | TabularAE | TabularVAE, latent: ArrayLike) -> AnyFloats:
    return in_blocks(network, latent, network.decode)
