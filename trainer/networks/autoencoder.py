"""Provides the autoencoder and the variational autoencoder of scaled rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from config.settings.training import Training
from edge.arrays import AnyFloats, Floats
from edge.bundles.manifest import NetworkSpec

BLOCK = 65_536
"""Most rows that pass a network at a time."""


def layers(sizes: Sequence[int], between: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Return linear layers of the given sizes with an activation between them; the last one stays linear."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        modules += [nn.Linear(inputs, outputs), between()]
    return nn.Sequential(*modules[:-1])


class TabularAE(nn.Module):
    """Fully connected autoencoder: F -> hidden -> latent -> reversed hidden -> F, ReLU between, linear code and output.

    A NaN in a row makes that row's outputs NaN and touches no other row.

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
        self.encoder = layers([features, *hidden, latent])
        self.decoder = layers([latent, *reversed(hidden), features])

    def encode(self, z: Tensor) -> Tensor:
        """Scaled rows [N, F] -> codes [N, L]."""
        return self.encoder(z)  # type: ignore[no-any-return]

    def decode(self, latent: Tensor) -> Tensor:
        """Codes [N, L] -> scaled rows [N, F]."""
        return self.decoder(latent)  # type: ignore[no-any-return]

    def reconstruct(self, z: Tensor) -> Tensor:
        """Scaled rows [N, F] -> their reconstruction [N, F]."""
        return self.decode(self.encode(z))


class TabularVAE(nn.Module):
    """The variational form, with the same layers and two heads: mean and log-variance of a Gaussian code.

    A NaN in a row makes that row's outputs NaN and touches no other row.

    Parameters
    ----------
    features
        Columns F.
    hidden
        Widths of the encoder's hidden layers, at least one; the decoder mirrors them.
    latent
        Size L of the code.
    """

    def __init__(self, features: int, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*layers([features, *hidden]), nn.ReLU())
        self.mean = nn.Linear(hidden[-1], latent)
        self.log_variance = nn.Linear(hidden[-1], latent)
        self.decoder = layers([latent, *reversed(hidden), features])

    def encode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled rows [N, F] -> mean [N, L] and log-variance [N, L] of their codes."""
        trunk = self.trunk(z)
        return self.mean(trunk), self.log_variance(trunk)

    def decode(self, latent: Tensor) -> Tensor:
        """Codes [N, L] -> scaled rows [N, F]."""
        return self.decoder(latent)  # type: ignore[no-any-return]

    def reconstruct(self, z: Tensor) -> Tensor:
        """Scaled rows [N, F] -> their reconstruction [N, F] from the mean code, never from a sample."""
        return self.decode(self.mean(self.trunk(z)))


def describe_network(kind: Literal["ae", "vae"], settings: Training, *, latent: int | None = None) -> NetworkSpec:
    """Describe the network of ``settings``, with ``latent`` latents in place of theirs unless that is ``None``."""
    return NetworkSpec(
        kind=kind,
        hidden=settings.hidden,
        latent=settings.latent if latent is None else latent,
        loss=settings.loss,
        beta=settings.beta if kind == "vae" else 0.0,
    )


def build_autoencoder(network: NetworkSpec, features: int) -> TabularAE | TabularVAE:
    """Build an untrained network.

    Parameters
    ----------
    network
        Kind and sizes.
    features
        Columns F.
    """
    kind = TabularAE if network.kind == "ae" else TabularVAE
    return kind(features, network.hidden, network.latent)


@contextmanager
def weights_from(seed: int) -> Iterator[None]:
    """Draw the initial weights of networks built in this context from ``seed``; torch's generator is not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def seeded_autoencoder(network: NetworkSpec, features: int, seed: int) -> TabularAE | TabularVAE:
    """Build an untrained network with initial weights drawn from ``seed``."""
    with weights_from(seed):
        return build_autoencoder(network, features)


def to_tensor(model: nn.Module, rows: ArrayLike) -> Tensor:
    """Convert rows to the precision of the model's weights: single, or double after a call of its ``double()``."""
    double = next(model.parameters()).dtype == torch.float64
    return torch.from_numpy(np.asarray(rows, dtype=np.float64 if double else np.float32))


def in_blocks(model: nn.Module, rows: ArrayLike, run: Callable[[Tensor], Tensor]) -> AnyFloats:
    """Run a part of a model, one output for each row; the layers between take many times the memory of the rows."""
    every = np.asarray(rows)
    with torch.no_grad():
        parts = [
            run(to_tensor(model, every[start : start + BLOCK])).numpy() for start in range(0, max(1, len(every)), BLOCK)
        ]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def reconstruction_residuals(model: TabularAE | TabularVAE, z: AnyFloats) -> Floats:
    """Return scaled rows minus their reconstruction, both [N, F]."""
    back = in_blocks(model, z, model.reconstruct)
    return np.asarray(z - back, dtype=np.float64)


def row_errors(model: TabularAE | TabularVAE, z: AnyFloats, loss: Literal["mse", "mae"]) -> Floats:
    """Return the reconstruction error of each scaled row [N]: the mean of the squared or absolute residuals."""
    difference = reconstruction_residuals(model, z)
    return np.asarray((difference**2 if loss == "mse" else np.abs(difference)).mean(axis=1))
