"""Trains autoencoders."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from config.settings.training import Training
from edge.arrays import Singles
from trainer.errors import TrainingError
from trainer.networks.autoencoder import TabularAE, TabularVAE
from trainer.networks.history import History

LEAST_BATCH = 16
"""Least rows of a batch, however short the record."""


def choose_device(name: str) -> torch.device:
    """Return the device to train on; ``auto`` is a GPU if there is one.

    Raises
    ------
    TrainingError
        The named device does not exist here.
    """
    if name not in {"auto", "cpu", "cuda"}:
        raise TrainingError(f"device: got {name}, expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device: got cuda, expected one that is here, and torch sees no GPU; fix: device: auto")
    gpu = name != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if gpu else "cpu")


def fit_autoencoder(
    model: TabularAE | TabularVAE,
    train: Singles,
    validation: Singles,
    settings: Training,
    *,
    seed: int,
    progress: TextIO | None = None,
    label: str = "",
) -> History:
    """Train ``model`` in place; the same seed gives the same weights, bit for bit, on one machine.

    Parameters
    ----------
    train, validation
        Scaled rows [N, F], [M, F].
    settings
        Loss, epochs, patience, batch size, learning rate, which weights are kept, device.
    seed
        Seed of the order of rows and of a VAE's noise.
    progress
        Where a progress bar is drawn; ``None`` draws none.
    label
        Label of the progress bar.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or there is no such device.
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    device = choose_device(settings.device)
    generator = torch.Generator(device=device).manual_seed(seed)
    names = ("", "_reconstruction", "_kl") if isinstance(model, TabularVAE) else ("",)
    losses: dict[str, list[float]] = {part + name: [] for part in ("train", "validation") for name in names}
    cpu_seconds: list[float] = []
    best, chosen = math.inf, 0
    kept: dict[str, Tensor] = {}
    bar = tqdm(total=settings.epochs, desc=label, unit="epoch", file=progress, disable=progress is None)
    with one_thread(), bar:
        model.to(device).train()
        rows, held_out = torch.from_numpy(train).to(device), torch.from_numpy(validation).to(device)
        # One draw for all epochs, so that the validation loss changes only because the weights do.
        held_out_noise = _draw(model, len(held_out), generator)
        optimiser = torch.optim.Adam(model.parameters(), fused=True)
        for epoch in range(1, settings.epochs + 1):
            on_train = _pass(
                model, rows, optimiser, settings, learning_rate=_learning_rate(settings, epoch), generator=generator
            )
            with torch.no_grad():
                on_held_out = torch.stack(_objective(model, held_out, held_out_noise, settings)).tolist()
            for part, values in (("train", on_train), ("validation", on_held_out)):
                for name, value in zip(names, values, strict=True):
                    losses[part + name].append(value)
            cpu_seconds.append(time.process_time() - cpu_started)
            loss = on_held_out[0]
            if not math.isfinite(on_train[0] + loss):
                raise TrainingError(
                    f"{label or 'training'}: got a loss of {on_train[0]:g} in epoch {epoch}, expected a number; "
                    f"fix: a learning_rate below {settings.learning_rate:g}, or look for absurd values in the record"
                )
            bar.set_postfix_str(f"validation {loss:.4f}", refresh=False)
            bar.update()
            if loss < best:
                best, chosen = loss, epoch
                if settings.restore_best:
                    kept = {name: value.clone() for name, value in model.state_dict().items()}
            elif epoch - chosen >= settings.patience:
                break
        if kept:
            model.load_state_dict(kept)
        model.to("cpu").eval()
    return History(
        losses=losses,
        chosen=chosen if settings.restore_best else len(cpu_seconds),
        cpu_seconds=cpu_seconds,
        seconds=time.perf_counter() - started,
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: small networks gain nothing from more, and the order of sums would depend on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _learning_rate(settings: Training, epoch: int) -> float:
    if settings.schedule == "constant":
        return settings.learning_rate
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / settings.epochs))


def _draw(model: TabularAE | TabularVAE, count: int, generator: torch.Generator) -> Tensor | None:
    """Draw standard normal noise [count, L] for a VAE's codes; an AE needs none."""
    if isinstance(model, TabularAE):
        return None
    return torch.randn(count, model.mean.out_features, generator=generator, device=generator.device)


def _objective(model: TabularAE | TabularVAE, rows: Tensor, noise: Tensor | None, settings: Training) -> list[Tensor]:
    """Return [loss] of an AE or [loss, reconstruction, kl] of a VAE on rows [N, F].

    Reconstruction error and Kullback-Leibler divergence are means over rows and columns, as in the published exercise.
    """
    error = functional.mse_loss if settings.loss == "mse" else functional.l1_loss
    if isinstance(model, TabularAE):
        return [error(model.reconstruct(rows), rows)]
    mean, log_variance = model.encode(rows)
    assert noise is not None
    reconstruction = error(model.decode(mean + torch.exp(0.5 * log_variance) * noise), rows)
    kl = -0.5 * torch.mean(1 + log_variance - mean.square() - log_variance.exp())
    return [reconstruction + settings.beta * kl, reconstruction, kl]


def _pass(
    model: TabularAE | TabularVAE,
    rows: Tensor,
    optimiser: torch.optim.Adam,
    settings: Training,
    *,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    """Train for one epoch, every row once in a new order; return the means of the objective's parts."""
    parts: list[Tensor] = []
    sizes: list[int] = []
    optimiser.param_groups[0]["lr"] = learning_rate
    order = torch.randperm(len(rows), generator=generator, device=rows.device)
    size = min(settings.batch_size, max(len(rows) // settings.least_steps, LEAST_BATCH))
    for start in range(0, len(rows), size):
        batch = rows.index_select(0, order[start : start + size])
        objective = _objective(model, batch, _draw(model, len(batch), generator), settings)
        optimiser.zero_grad(set_to_none=True)
        objective[0].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        parts.append(torch.stack([part.detach() for part in objective]))
        sizes.append(len(batch))
    weights = torch.tensor(sizes, device=rows.device) / len(rows)
    return (weights @ torch.stack(parts)).tolist()
