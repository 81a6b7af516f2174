"""The published training loop, the baseline of ``benchmarks/training.py``.

A dataset that converts one row at a time, batches of 64 in a new order every epoch, Adam at 1e-3, at most 50 epochs,
stopped when the validation loss has not improved for 5; the last weights are kept. Its progress bar is left out, which
is in its favour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from edge.arrays import Singles
from trainer.networks.autoencoder import TabularAE, TabularVAE

BATCH_SIZE, LEARNING_RATE, EPOCHS, PATIENCE = 64, 1e-3, 50, 5
BETA = 1.0

Model = TabularAE | TabularVAE


@dataclass
class Course:
    """Cost and result of a run of the loop, by epoch.

    Parameters
    ----------
    cpu_seconds
        CPU time [s] of this process from the start to the end of each epoch, without ``judge``.
    judged
        Result of ``judge`` for the weights after each epoch.
    """

    cpu_seconds: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)


class RowDataset(Dataset[Tensor]):
    """Scaled rows [N, F], converted one at a time."""

    def __init__(self, rows: Singles) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Tensor:
        return torch.tensor(self.rows[index], dtype=torch.float32)


def objective(model: Model, rows: Tensor, noise: Tensor | None = None) -> Tensor:
    """Mean squared error; for a VAE of a sampled code, plus beta times the KL term averaged over rows and latents.

    ``noise`` [N, L] is the standard normal draw of a VAE's codes; ``None`` draws a new one.
    """
    if isinstance(model, TabularAE):
        return functional.mse_loss(model.reconstruct(rows), rows)
    mean, log_variance = model.encode(rows)
    draw = torch.randn_like(mean) if noise is None else noise
    reconstruction = functional.mse_loss(model.decode(mean + torch.exp(0.5 * log_variance) * draw), rows)
    kl = -0.5 * torch.mean(1 + log_variance - mean.pow(2) - log_variance.exp())
    return reconstruction + BETA * kl


def train(
    model: Model,
    train_rows: Singles,
    validation_rows: Singles,
    *,
    seed: int,
    judge: Callable[[Model], float],
    epochs: int = EPOCHS,
) -> Course:
    """Train ``model`` in place as published.

    Parameters
    ----------
    train_rows, validation_rows
        Scaled rows [N, F], [M, F].
    seed
        Seed of the order of rows and of a VAE's noise.
    judge
        Evaluates the model after each epoch; its time is not counted, and it must not draw from torch's own generator.
    epochs
        Largest number of epochs.
    """
    course, uncounted, start = Course(), 0.0, time.process_time()
    torch.manual_seed(seed)
    train_loader = DataLoader(RowDataset(train_rows), batch_size=BATCH_SIZE, shuffle=True)
    validation_loader = DataLoader(RowDataset(validation_rows), batch_size=BATCH_SIZE)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    best, waited = float("inf"), 0
    for _ in range(epochs):
        model.train()
        train_loss = 0.0
        for batch in train_loader:
            optimiser.zero_grad()
            loss = objective(model, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            train_loss += loss.item() * len(batch)
        model.eval()
        validation_loss = 0.0
        with torch.no_grad():
            for batch in validation_loader:
                validation_loss += objective(model, batch).item() * len(batch)
        stop = time.process_time()
        course.cpu_seconds.append(stop - start - uncounted)
        course.judged.append(judge(model))
        uncounted += time.process_time() - stop
        if validation_loss < best:
            best, waited = validation_loss, 0
        else:
            waited += 1
            if waited == PATIENCE:
                break
    return course
