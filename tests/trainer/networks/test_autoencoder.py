"""TabularAE and TabularVAE: shape, linearity, seeds, errors of rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch

from edge.bundles.manifest import NetworkSpec
from trainer.networks.autoencoder import (
    TabularAE,
    TabularVAE,
    build_autoencoder,
    reconstruction_residuals,
    row_errors,
    seeded_autoencoder,
)

Kind = Literal["ae", "vae"]
KINDS: tuple[Kind, ...] = ("ae", "vae")


def network(kind: Kind, latent: int = 3) -> NetworkSpec:
    return NetworkSpec(kind=kind, hidden=(64, 32), latent=latent, loss="mse", beta=0.01)


def test_the_autoencoder_has_the_published_layers() -> None:
    sizes = [tuple(value.shape) for name, value in TabularAE(9, (64, 32), 8).state_dict().items() if "weight" in name]
    assert sizes == [(64, 9), (32, 64), (8, 32), (32, 8), (64, 32), (9, 64)]


def test_the_variational_one_has_two_heads_on_the_same_trunk() -> None:
    shapes = {name: tuple(value.shape) for name, value in TabularVAE(9, (64, 32), 8).state_dict().items()}
    assert shapes["mean.weight"] == shapes["log_variance.weight"] == (8, 32)
    assert shapes["decoder.4.weight"] == (9, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_between_layers_is_a_relu_and_after_the_last_none(kind: Kind) -> None:
    model = seeded_autoencoder(network(kind), 9, 0)
    rows = 50 * torch.randn(500, 9, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        code = model.encode(rows)
        for outputs in (*(code if isinstance(code, tuple) else (code,)), model.reconstruct(rows)):
            assert (outputs < 0).any()
            assert (outputs > 0).any()
        # Piecewise linear: scaling the input far out scales the output, up to the biases.
        assert torch.allclose(model.reconstruct(1e6 * rows) / 1e6, model.reconstruct(1e7 * rows) / 1e7, atol=1e-3)


def test_a_code_is_decoded_from_its_mean_never_from_a_sample() -> None:
    model = seeded_autoencoder(network("vae"), 9, 0)
    assert isinstance(model, TabularVAE)
    rows = torch.randn(20, 9, generator=torch.Generator().manual_seed(1))
    mean, log_variance = model.encode(rows)
    assert not torch.equal(mean, log_variance)
    assert torch.equal(model.reconstruct(rows), model.decode(mean))


@pytest.mark.parametrize("kind", KINDS)
def test_first_weights_depend_on_the_seed_alone_and_leave_torchs_generator_as_it_was(kind: Kind) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (seeded_autoencoder(network(kind), 9, seed).state_dict() for seed in (7, 7, 8))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_build_makes_what_the_manifest_names() -> None:
    assert isinstance(build_autoencoder(network("ae"), 5), TabularAE)
    assert isinstance(build_autoencoder(network("vae"), 5), TabularVAE)


def test_errors_are_means_over_columns_of_squared_or_absolute_residuals() -> None:
    model = seeded_autoencoder(network("ae"), 4, 0)
    rows = np.random.default_rng(0).standard_normal((6, 4))
    with torch.no_grad():
        left = rows - model.reconstruct(torch.from_numpy(rows.astype(np.float32))).numpy()
    np.testing.assert_allclose(reconstruction_residuals(model, rows), left)
    np.testing.assert_allclose(row_errors(model, rows, "mse"), (left**2).sum(axis=1) / 4)
    np.testing.assert_allclose(row_errors(model, rows, "mae"), np.abs(left).sum(axis=1) / 4)
