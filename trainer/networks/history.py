"""Records the course of a training; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class History:
    """Course of the training of one network.

    Parameters
    ----------
    losses
        Curve name -> one value per epoch: ``train`` and ``validation``; for a VAE also ``train_reconstruction``,
        ``train_kl``, ``validation_reconstruction`` and ``validation_kl`` (the loss is reconstruction + beta * kl).
    chosen
        Epoch (from 1) whose weights were kept.
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
        """Number of epochs run."""
        return len(self.losses["train"])
