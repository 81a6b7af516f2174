"""fit_autoencoder: seeds, early stopping, which weights are kept, progress, devices, refusals."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch.nn import functional

from config.settings.training import Training
from edge.bundles.manifest import NetworkSpec
from trainer.errors import TrainingError
from trainer.networks.autoencoder import TabularAE, TabularVAE, row_errors, seeded_autoencoder
from trainer.networks.history import History
from trainer.networks.training import choose_device, fit_autoencoder

NetworkKind = Literal["ae", "vae"]

KINDS: tuple[NetworkKind, ...] = ("ae", "vae")


def rows(count: int, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Points near a curve in five dimensions."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 3, (count, 1))
    curve = np.concatenate([np.sin(angle), np.cos(angle), angle, angle**2 / 3, np.sin(2 * angle)], axis=1)
    return (curve + 0.05 * rng.standard_normal(curve.shape)).astype(np.float32)


TRAIN, VALIDATION = rows(600, 0), rows(150, 1)


def settings(**changes: Any) -> Training:
    chosen: dict[str, Any] = {"hidden": (16, 8), "latent": 2, "epochs": 10, "learning_rate": 5e-3}
    return Training(**(chosen | changes))


def fitted(
    kind: NetworkKind, seed: int = 1, label: str = "", progress: Any = None, **changes: Any
) -> tuple[TabularAE | TabularVAE, History]:
    chosen = settings(**changes)
    network = NetworkSpec(kind=kind, hidden=chosen.hidden, latent=chosen.latent, loss=chosen.loss, beta=chosen.beta)
    model = seeded_autoencoder(network, TRAIN.shape[1], seed)
    return model, fit_autoencoder(model, TRAIN, VALIDATION, chosen, seed=seed, progress=progress, label=label)


def validation_loss(model: TabularAE | TabularVAE) -> float:
    with torch.no_grad():
        held_out = torch.from_numpy(VALIDATION)
        return float(functional.mse_loss(model.reconstruct(held_out), held_out))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(kind: NetworkKind) -> None:
    one, same, other = (fitted(kind, seed)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_callers_random_numbers_and_threads_change_nothing_and_are_not_changed(kind: NetworkKind) -> None:
    one = fitted(kind)[0].state_dict()
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.manual_seed(99)
        before = torch.random.get_rng_state()
        again = fitted(kind)[0].state_dict()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[name], again[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_training_lowers_the_loss_on_rows_it_has_not_seen(kind: NetworkKind) -> None:
    model, history = fitted(kind, epochs=30, beta=0.01)
    assert history.losses["validation"][history.chosen - 1] < 0.5 * history.losses["validation"][0]
    assert validation_loss(model) < 0.3 * VALIDATION.var(axis=0).mean()


def test_it_stops_after_patience_epochs_without_a_better_validation_loss() -> None:
    _, history = fitted("ae", epochs=500, patience=3, learning_rate=0.05, schedule="constant")
    losses = history.losses["validation"]
    assert history.epochs < 500
    assert history.epochs == history.chosen + 3
    assert losses[history.chosen - 1] == min(losses)


def test_the_best_weights_are_restored_or_the_last_ones_kept() -> None:
    common: dict[str, Any] = {"epochs": 60, "patience": 8, "learning_rate": 0.05, "schedule": "constant"}
    best, history = fitted("ae", **common)
    losses = history.losses["validation"]
    assert history.chosen < history.epochs
    assert validation_loss(best) == pytest.approx(losses[history.chosen - 1], rel=1e-5)
    last, published = fitted("ae", restore_best=False, **common)
    assert published.losses == history.losses
    assert published.chosen == published.epochs
    assert validation_loss(last) == pytest.approx(losses[-1], rel=1e-5)


def test_a_variational_loss_is_reconstruction_plus_beta_times_kl() -> None:
    _, history = fitted("vae", beta=0.3)
    for part in ("train", "validation"):
        total, reconstruction, kl = (np.array(history.losses[part + name]) for name in ("", "_reconstruction", "_kl"))
        np.testing.assert_allclose(total, reconstruction + 0.3 * kl, rtol=1e-5)
        assert (kl > 0).all()


def test_a_larger_beta_gives_codes_nearer_to_the_prior() -> None:
    small, large = (fitted("vae", beta=beta, epochs=30)[1].losses["validation_kl"][-1] for beta in (1e-4, 1.0))
    assert large < 0.5 * small


def test_the_absolute_error_can_be_the_loss() -> None:
    model, history = fitted("ae", loss="mae")
    loss = history.losses["validation"][history.chosen - 1]
    assert row_errors(model, VALIDATION, "mae").mean() == pytest.approx(loss, rel=1e-5)


def test_the_history_counts_epochs_and_cpu_time() -> None:
    history: History = fitted("ae", epochs=4)[1]
    assert history.epochs == len(history.cpu_seconds) == 4
    assert history.cpu_seconds == sorted(history.cpu_seconds)
    assert history.seconds > 0


def test_progress_goes_to_the_stream_that_is_given_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    fitted("ae", epochs=3, label="calibration 2/4", progress=stream)
    assert "calibration 2/4" in stream.getvalue()
    assert "3/3" in stream.getvalue()
    assert "validation 0." in stream.getvalue()
    fitted("ae", epochs=3)
    assert capsys.readouterr() == ("", "")


def test_a_loss_that_is_no_number_is_refused_with_the_fix() -> None:
    with pytest.raises(
        TrainingError, match=r"^AE: got a loss of .*epoch 1.*fix: a learning_rate below 1e\+20"
    ) as refusal:
        fitted("ae", learning_rate=1e20, label="AE")
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused() -> None:
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(TrainingError, match=r"^device: got cuda.*fix: device: auto$"):
        choose_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="NOT TESTED: there is no GPU here")
def test_on_a_gpu_the_model_comes_back_to_the_cpu() -> None:
    model, _ = fitted("vae", device="auto")
    assert next(model.parameters()).device.type == "cpu"


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"^device: got tpu, expected auto, cpu or cuda$"):
        choose_device("tpu")
