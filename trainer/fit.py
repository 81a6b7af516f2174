"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from config.training import Training
from trainer.errors import TrainingError
from trainer.models import TabularAE, TabularVAE


@dataclass(frozen=True)
class History:
    """What happened while a network was fitted.

    Parameters
    ----------
    losses
        Curve name -> one value per epoch: ``train`` and ``validation``; for a VAE also ``train_reconstruction``,
        ``train_kl``, ``validation_reconstruction`` and ``validation_kl`` (the loss is reconstruction + beta * kl).
    chosen
        Epoch (from 1) whose weights the network now has.
    cpu_seconds
        CPU time [s] of this process from the start to the end of each epoch.
    seconds
        Wall time [s] of the whole fit.
    """

    losses: dict[str, list[float]]
    chosen: int
    cpu_seconds: list[float]
    seconds: float

    @property
    def epochs(self) -> int:
        """Epochs run."""
        return len(self.losses["train"])


def choose_device(name: str) -> torch.device:
    """Return the device to train on; ``auto`` is a GPU where there is one.

    Raises
    ------
    TrainingError
        The named device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device: got cuda, but torch sees no GPU here; fix: device: auto or cpu")
    if name not in {"cpu", "cuda"}:
        raise TrainingError(f"device: got {name}, expected auto, cpu or cuda")
    return torch.device(name)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Networks this small are slower on more threads, and the order of sums would depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def losses_of(model: TabularAE | TabularVAE, rows: Tensor, noise: Tensor | None, settings: Training) -> list[Tensor]:
    """Return the objective on rows [N, F]: [loss] for an AE, [loss, reconstruction, kl] for a VAE.

    ``noise`` [N, L] is the standard normal draw of a VAE's code. Both the reconstruction error and the Kullback-Leibler
    divergence are means over rows and columns, as in the published exercise.
    """
    error = functional.mse_loss if settings.loss == "mse" else functional.l1_loss
    if isinstance(model, TabularAE):
        return [error(model.reconstruct(rows), rows)]
    mean, log_variance = model.encode(rows)
    assert noise is not None
    reconstruction = error(model.decode(mean + torch.exp(0.5 * log_variance) * noise), rows)
    kl = -0.5 * torch.mean(1 + log_variance - mean.square() - log_variance.exp())
    return [reconstruction + settings.beta * kl, reconstruction, kl]


def fit(
    model: TabularAE | TabularVAE,
    train: NDArray[np.float32],
    validation: NDArray[np.float32],
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
        Of the order of rows and of a VAE's noise.
    progress
        Where a progress bar is drawn; ``None`` draws none.
    label
        The bar's name.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or there is no such device.
    """
    device = choose_device(settings.device)
    generator = torch.Generator(device=device).manual_seed(seed)
    started, cpu_started = time.perf_counter(), time.process_time()
    names = ["", "_reconstruction", "_kl"] if isinstance(model, TabularVAE) else [""]
    losses: dict[str, list[float]] = {part + name: [] for part in ("train", "validation") for name in names}
    cpu_seconds: list[float] = []
    best, chosen = float("inf"), 0
    kept: dict[str, Tensor] = {}
    with (
        _one_thread(),
        tqdm(total=settings.epochs, desc=label, unit="epoch", file=progress, disable=progress is None) as bar,
    ):
        model.to(device).train()
        rows = torch.from_numpy(train).to(device)
        held_out = torch.from_numpy(validation).to(device)
        optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
        latent = settings.latent if isinstance(model, TabularVAE) else 0

        def draw(count: int) -> Tensor | None:
            return torch.randn(count, latent, generator=generator, device=device) if latent else None

        # One draw for all epochs: the validation loss then moves because the weights did.
        held_out_noise = draw(len(held_out))
        for epoch in range(1, settings.epochs + 1):
            order = torch.randperm(len(rows), generator=generator, device=device)
            total = torch.zeros(len(names), device=device)
            for start in range(0, len(rows), settings.batch_size):
                batch = rows.index_select(0, order[start : start + settings.batch_size])
                parts = losses_of(model, batch, draw(len(batch)), settings)
                optimiser.zero_grad(set_to_none=True)
                parts[0].backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                total += torch.stack(parts).detach() * (len(batch) / len(rows))
            with torch.no_grad():
                held = torch.stack(losses_of(model, held_out, held_out_noise, settings))
            for part, values in (("train", total.tolist()), ("validation", held.tolist())):
                for name, value in zip(names, values, strict=True):
                    losses[part + name].append(value)
            cpu_seconds.append(time.process_time() - cpu_started)
            loss = losses["validation"][-1]
            if not np.isfinite(loss) or not np.isfinite(losses["train"][-1]):
                raise TrainingError(
                    f"{label or 'training'}: got a loss of {loss} in epoch {epoch}, expected a number; "
                    f"fix: a learning_rate below {settings.learning_rate:g}, or look for absurd values in the record"
                )
            bar.set_postfix_str(f"validation {loss:.4f}", refresh=False)
            bar.update()
            if loss < best:
                best, chosen = loss, epoch
                if settings.restore_best:
                    kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
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
