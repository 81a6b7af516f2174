"""Provides the networks that generate rows; they map white rows to codes and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from edge.arrays import Floats
from edge.bundles.manifest import NetworkSpec
from trainer.networks.autoencoder import layers, weights_from

SIGMA = (-4.0, 1.0)
"""Bounds of the logarithm of a column's observation spread."""
LOG_VARIANCE = (-12.0, 4.0)
"""Bounds of a code's log-variance."""


class GenerativeAE(nn.Module):
    """Autoencoder F -> hidden -> latent -> reversed hidden -> F with an observation spread per column.

    Parameters
    ----------
    features
        Columns F.
    hidden
        Widths of the encoder's hidden layers; the decoder mirrors them.
    latent
        Size L of the code.
    """

    def __init__(self, features: int, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.encoder = layers([features, *hidden, latent], nn.SiLU)
        self.decoder = layers([latent, *reversed(hidden), features], nn.SiLU)
        self.log_sigma = nn.Parameter(torch.full((features,), -1.0))

    def encode(self, white: Tensor) -> Tensor:
        """White rows [N, F] -> codes [N, L]."""
        return self.encoder(white)  # type: ignore[no-any-return]

    def decode(self, latent: Tensor) -> Tensor:
        """Codes [N, L] -> white rows [N, F], without the observation noise."""
        return self.decoder(latent)  # type: ignore[no-any-return]

    @property
    def bounded_log_sigma(self) -> Tensor:
        """Logarithm [F] of the observation spread."""
        return self.log_sigma.clamp(*SIGMA)


class GenerativeVAE(nn.Module):
    """The variational form with two heads, mean and log-variance of a Gaussian code; parameters as above."""

    def __init__(self, features: int, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*layers([features, *hidden], nn.SiLU), nn.SiLU())
        self.mean = nn.Linear(hidden[-1], latent)
        self.log_variance = nn.Linear(hidden[-1], latent)
        self.decoder = layers([latent, *reversed(hidden), features], nn.SiLU)
        self.log_sigma = nn.Parameter(torch.full((features,), -1.0))

    def encode(self, white: Tensor) -> tuple[Tensor, Tensor]:
        """White rows [N, F] -> mean [N, L] and log-variance [N, L] of their codes."""
        trunk = self.trunk(white)
        return self.mean(trunk), self.log_variance(trunk).clamp(*LOG_VARIANCE)

    def decode(self, latent: Tensor) -> Tensor:
        """Codes [N, L] -> white rows [N, F], without the observation noise."""
        return self.decoder(latent)  # type: ignore[no-any-return]

    @property
    def bounded_log_sigma(self) -> Tensor:
        """Logarithm [F] of the observation spread."""
        return self.log_sigma.clamp(*SIGMA)


Generative = GenerativeAE | GenerativeVAE


def build_generative(network: NetworkSpec, features: int) -> Generative:
    """Build an untrained network of ``features`` columns."""
    kind = GenerativeAE if network.kind == "ae" else GenerativeVAE
    return kind(features, network.hidden, network.latent)


def seeded_generative(network: NetworkSpec, features: int, seed: int) -> Generative:
    """Build an untrained network with initial weights drawn from ``seed``."""
    with weights_from(seed):
        return build_generative(network, features)


def fold_linear(network: Generative | None, unwhitening: Floats, mean: Floats) -> list[nn.Module]:
    """Return the decoder's layers, with a linear map after them folded into the last layer.

    Parameters
    ----------
    network
        Network with the decoder; ``None`` gives the map alone.
    unwhitening, mean
        [F, F] and [F]; the map is ``rows @ unwhitening + mean``.
    """
    matrix, offset = unwhitening.T, mean
    layers: list[nn.Module] = [] if network is None else list(network.decoder)
    if layers:
        last = layers.pop()
        assert isinstance(last, nn.Linear)
        weight, bias = (part.detach().double().numpy() for part in (last.weight, last.bias))
        matrix, offset = _product(matrix, weight), _product(matrix, bias[:, None])[:, 0] + offset
    linear = nn.Linear(matrix.shape[1], matrix.shape[0])
    linear.load_state_dict({"weight": torch.tensor(matrix).float(), "bias": torch.tensor(offset).float()})
    return [*layers, linear]


def _product(left: Floats, right: Floats) -> Floats:
    """Return the product [N, M] of [N, K] and [K, M], its terms added in order: BLAS's depends on the processor."""
    total = np.zeros((len(left), right.shape[1]))
    for column, row in zip(left.T, right, strict=True):
        total += np.multiply.outer(column, row)
    return total
