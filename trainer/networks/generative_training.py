"""Trains a network that generates, by the evidence lower bound with a learned observation spread."""

from __future__ import annotations

import copy
import math
import time
from typing import TextIO

import torch
from torch import Tensor, nn
from tqdm import tqdm

from config.settings.training import Training
from edge.arrays import Singles
from trainer.errors import TrainingError
from trainer.networks.generative import Generative, GenerativeAE
from trainer.networks.history import History
from trainer.networks.training import choose_device, one_thread

LEARNING_RATE = 2e-3
WARM_UP = 100
"""Steps over which the learning rate rises."""
LAST = 0.02
"""Share of the learning rate that is left at the end of its half cosine."""
KL_WARM_UP = 0.2
"""Share of all steps over which beta rises."""
CLIP = 5.0
"""Largest norm of a gradient."""
AVERAGE = 0.998
"""Decay of the moving average of the weights, which is kept in place of the last weights."""
BATCH = 256
"""Rows of a batch."""
MOST_STEPS = 40_000
"""Steps beyond which a long record is passed over fewer times; the reference record takes a ninth of them."""


def fit_generative(
    model: Generative,
    train: Singles,
    validation: Singles,
    settings: Training,
    *,
    seed: int,
    progress: TextIO | None = None,
) -> History:
    """Train ``model`` in place; the same seed gives the same weights, bit for bit, on one machine.

    The loss of a row is the sum over columns of the Gaussian negative log-likelihood with one learned spread a column,
    plus, for a VAE, beta times the sum over latents of the Kullback-Leibler divergence: sums, not means, so that beta
    has the same effect for any number of columns. The moving average of the weights is kept, not the last ones.

    Parameters
    ----------
    train, validation
        White rows [N, F], [M, F].
    settings
        ``generator_epochs``, ``generator_steps``, ``generator_beta``, ``device``.
    seed
        Seed of the order of rows and of a VAE's codes; the validation rows change nothing that is learnt.
    progress
        Where a progress bar is drawn; ``None`` draws none.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or there is no such device.
    """
    started, cpu_started = time.perf_counter(), time.process_time()
    device = choose_device(settings.device)
    generator = torch.Generator(device=device).manual_seed(seed)
    names = ("",) if isinstance(model, GenerativeAE) else ("", "_reconstruction", "_kl")
    losses: dict[str, list[float]] = {part + name: [] for part in ("train", "validation") for name in names}
    cpu_seconds: list[float] = []
    per_epoch = math.ceil(len(train) / BATCH)
    epochs = max(settings.generator_epochs, math.ceil(settings.generator_steps / per_epoch))
    epochs = min(epochs, max(math.ceil(MOST_STEPS / per_epoch), math.ceil(settings.generator_steps / per_epoch)))
    bar = tqdm(total=epochs, desc="generator", unit="epoch", file=progress, disable=progress is None)
    with one_thread(), bar:
        model.to(device).train()
        rows, held_out = torch.from_numpy(train).to(device), torch.from_numpy(validation).to(device)
        average = copy.deepcopy(model).requires_grad_(False)
        step = _Step(model, average, epochs * per_epoch, settings.generator_beta, generator)
        # From numbers of its own: how many rows are held out changes nothing that is learnt from the others.
        held_out_noise = step.draw(held_out, torch.Generator(device=device).manual_seed(seed + 1))
        for _ in range(epochs):
            order = torch.randperm(len(rows), generator=generator, device=device)
            batches = [rows.index_select(0, part) for part in torch.split(order, BATCH)]
            parts = torch.stack([step(batch) * len(batch) for batch in batches])
            with torch.no_grad():
                on_held_out = torch.stack(_objective(average, held_out, held_out_noise, step.beta)).tolist()
            on_train = (parts.sum(dim=0) / len(rows)).tolist()
            for part, values in (("train", on_train), ("validation", on_held_out)):
                for name, value in zip(names, values, strict=True):
                    losses[part + name].append(value)
            cpu_seconds.append(time.process_time() - cpu_started)
            if not math.isfinite(on_train[0] + on_held_out[0]):
                raise TrainingError(
                    f"generator: got a loss of {on_train[0]:g}, expected a number; "
                    "fix: look for absurd values in the record"
                )
            bar.set_postfix_str(f"validation {on_held_out[0]:.3f}", refresh=False)
            bar.update()
        model.load_state_dict(average.state_dict())
        model.to("cpu").eval()
    return History(losses=losses, chosen=epochs, cpu_seconds=cpu_seconds, seconds=time.perf_counter() - started)


class _Step:
    """Takes one step of the optimiser per call, and keeps the average of the weights."""

    def __init__(
        self, model: Generative, average: Generative, steps: int, beta: float, generator: torch.Generator
    ) -> None:
        self._model, self._steps, self._full_beta, self._generator = model, steps, beta, generator
        self._weights: list[Tensor] = list(model.parameters())
        self._average: list[Tensor] = list(average.parameters())
        self._optimiser = torch.optim.AdamW(self._weights, fused=True)
        self._count = 0

    @property
    def beta(self) -> float:
        """Current weight of the divergence."""
        return self._full_beta * min(1.0, self._count / (KL_WARM_UP * self._steps))

    def draw(self, rows: Tensor, generator: torch.Generator | None = None) -> Tensor | None:
        """Draw standard normal noise [N, L] for a VAE's codes, from ``generator`` if given; an AE needs none."""
        if isinstance(self._model, GenerativeAE):
            return None
        shape = (len(rows), self._model.mean.out_features)
        return torch.randn(shape, generator=generator or self._generator, device=self._generator.device)

    def __call__(self, batch: Tensor) -> Tensor:
        """Learn from rows [N, F]; return the parts of the objective before the step."""
        self._optimiser.param_groups[0]["lr"] = self._learning_rate()
        objective = _objective(self._model, batch, self.draw(batch), self.beta)
        self._optimiser.zero_grad(set_to_none=True)
        objective[0].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._weights, CLIP, foreach=True)
        self._optimiser.step()
        self._count += 1
        decay = min(AVERAGE, (1 + self._count) / (10 + self._count))
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._weights, 1 - decay)
        return torch.stack([part.detach() for part in objective])

    def _learning_rate(self) -> float:
        rising = min(1.0, (self._count + 1) / WARM_UP)
        cosine = 0.5 * (1 + math.cos(math.pi * self._count / self._steps))
        return LEARNING_RATE * rising * (LAST + (1 - LAST) * cosine)


def _objective(model: Generative, rows: Tensor, noise: Tensor | None, beta: float) -> list[Tensor]:
    """Return [loss] of an AE or [loss, reconstruction, kl] of a VAE: means over rows [N, F] of sums over columns."""
    log_variance: Tensor | None = None
    if isinstance(model, GenerativeAE):
        mean = code = model.encode(rows)
    else:
        mean, log_variance = model.encode(rows)
        assert noise is not None
        code = mean + torch.exp(0.5 * log_variance) * noise
    log_sigma = model.bounded_log_sigma
    scaled = (rows - model.decode(code)) * torch.exp(-log_sigma)
    reconstruction = (0.5 * scaled.square() + log_sigma).sum(dim=1).mean() + _constant(rows)
    if log_variance is None:
        return [reconstruction]
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(dim=1).mean()
    return [reconstruction + beta * kl, reconstruction, kl]


def _constant(rows: Tensor) -> float:
    return 0.5 * math.log(2 * math.pi) * rows.shape[1]
