"""The autoregressions that sequences.py compares: each draws the next white row from the last few."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import nn

from edge.arrays import AnyFloats, Floats, Indices, Singles

BURN_IN = 500
"""Rows that are dropped at the start: a segment starts from noise, because a bundle must not hold training rows."""
NUMBER_BYTES = 4
"""Bytes of a number in single precision."""
TINY = 1e-3
"""Added to variances of standardised differences; the record is far smoother than its mixture of rows."""

HIDDEN = 64
"""Units of each layer of the network; wider layers overfit sooner."""


class Autoregression(ABC):
    """Draws the next white row from the last few.

    Parameters
    ----------
    order
        Count of rows that it reads.
    limit
        [F], the largest training value; without a bound a rollout that leaves the training rows never comes back.
    """

    def __init__(self, segments: Sequence[Floats], order: int) -> None:
        self.order = order
        self.limit = np.abs(np.concatenate(segments)).max(axis=0)

    @property
    @abstractmethod
    def numbers(self) -> int:
        """Count of numbers that a bundle would have to hold."""

    @abstractmethod
    def step(self, past: Floats, rng: np.random.Generator) -> Floats:
        """Draw the next rows [S, F] after the past [S, order, F]."""

    def start(self, segments: int, rng: np.random.Generator) -> Floats:
        """Draw the first rows [S, order, F]: one white row a segment, repeated."""
        return np.repeat(rng.standard_normal((segments, 1, len(self.limit))), self.order, axis=1)

    def roll(self, segments: int, length: int, seed: int) -> Floats:
        """Make segments [S, length, F]."""
        rng = np.random.default_rng(seed)
        size = len(self.limit)
        past = self.start(segments, rng)
        made = np.empty((segments, length, size))
        for i in range(-BURN_IN, length):
            after = np.clip(self.step(past, rng), -self.limit, self.limit)
            past = np.concatenate([past[:, 1:], after[:, None]], axis=1)
            if i >= 0:
                made[:, i] = after
        return made

    @property
    def kilobytes(self) -> float:
        """Size [kB] in single precision, both limits included."""
        return float(self.numbers + self.limit.size) * NUMBER_BYTES / 1000


class MixtureAutoregression(Autoregression):
    """A Gaussian mixture of the last row and the differences up to the next one; the next one is drawn given the rest.

    That is a mixture of pairs (order 1) or triples (order 2) of rows in other coordinates, which are regularised where
    they must be: on the differences.
    """

    def __init__(self, segments: Sequence[Floats], order: int, components: int, *, seed: int = 0) -> None:
        """Fit; the order is 1 or 2."""
        super().__init__(segments, order)
        pieces = [windows(rows, order + 1) for rows in segments]
        self.scale = np.concatenate([np.diff(rows, axis=0) for rows in segments]).std(axis=0)
        joint = np.concatenate([self._joint(piece) for piece in pieces])
        given = joint.shape[1] - self.scale.size
        model = GaussianMixture(components, reg_covar=TINY, max_iter=60, tol=1e-2, random_state=seed).fit(joint)
        self.shares = np.log(model.weights_)
        self.mean, self.next_mean = model.means_[:, :given], model.means_[:, given:]
        inside, across = model.covariances_[:, :given, :given], model.covariances_[:, given:, :given]
        self.inverse = np.linalg.inv(np.linalg.cholesky(inside))
        self.slope = across @ np.linalg.inv(inside)
        left = model.covariances_[:, given:, given:] - self.slope @ across.transpose(0, 2, 1)
        self.root = np.linalg.cholesky(left)
        self.logs = self.shares + np.log(np.diagonal(self.inverse, axis1=1, axis2=2)).sum(axis=1)

    def _joint(self, rows: Floats) -> Floats:
        """Map windows of rows [N, order (+ 1), F] to the last given row beside standardised differences."""
        steps = np.diff(rows, axis=1) / self.scale
        return np.concatenate([rows[:, self.order - 1], steps.reshape(len(rows), -1)], axis=1)

    @property
    def numbers(self) -> int:
        """Count of weights, means and triangles of the joint covariances."""
        joint = self.mean.shape[1] + self.next_mean.shape[1]
        return int(len(self.logs) * (1 + joint + joint * (joint + 1) // 2))

    def start(self, segments: int, rng: np.random.Generator) -> Floats:
        """Draw from the mixture itself: a start away from its rows may never return to them."""
        chosen = gumbel(np.tile(self.shares, (segments, 1)), rng)
        normal = rng.standard_normal((segments, self.mean.shape[1]))
        joint = self.mean[chosen] + np.einsum("sij,sj->si", np.linalg.inv(self.inverse)[chosen], normal)
        size = self.scale.size
        last = joint[:, :size]
        if self.order == 1:
            return np.asarray(last[:, None])
        return np.stack([last - self.scale * joint[:, size:], last], axis=1)

    def step(self, past: Floats, rng: np.random.Generator) -> Floats:
        """Choose a component by the likelihood of the past under it, then draw from it given the past."""
        away = self._joint(past)[:, None] - self.mean
        logs = self.logs - 0.5 * np.square(np.einsum("kij,skj->ski", self.inverse, away)).sum(axis=2)
        chosen = gumbel(logs, rng)
        row = np.arange(len(past))
        mean = self.next_mean[chosen] + np.einsum("sij,sj->si", self.slope[chosen], away[row, chosen])
        noise = np.einsum("sij,sj->si", self.root[chosen], rng.standard_normal(mean.shape))
        return np.asarray(past[:, -1] + self.scale * (mean + noise))


class VectorAutoregression(Autoregression):
    """Linear in the last rows, with innovations from a Gaussian mixture that may hold the rare jumps."""

    def __init__(self, segments: Sequence[Floats], order: int, components: int, *, seed: int = 0) -> None:
        super().__init__(segments, order)
        pieces = np.concatenate([windows(rows, order + 1) for rows in segments])
        x, y = pieces[:, :order].reshape(len(pieces), -1), pieces[:, order]
        self.weights = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ y)
        rest = y - x @ self.weights
        self.scale = rest.std(axis=0)
        self.mixture = GaussianMixture(components, reg_covar=TINY, random_state=seed).fit(rest / self.scale)
        self.roots = np.linalg.cholesky(self.mixture.covariances_)

    @property
    def numbers(self) -> int:
        """Count of the matrices' entries and of the mixture's weights, means and triangles."""
        size = self.scale.size
        return int(self.weights.size + len(self.roots) * (1 + size + size * (size + 1) // 2))

    def step(self, past: Floats, rng: np.random.Generator) -> Floats:
        """Add an innovation to the linear forecast."""
        chosen = rng.choice(len(self.roots), len(past), p=self.mixture.weights_)
        noise = np.einsum("sij,sj->si", self.roots[chosen], rng.standard_normal((len(past), self.scale.size)))
        innovation = self.scale * (self.mixture.means_[chosen] + noise)
        return np.asarray(past.reshape(len(past), -1) @ self.weights + innovation)


class NetworkAutoregression(Autoregression):
    """A mixture density network (Bishop, 1994) of the next difference given the last rows; the strongest one here."""

    def __init__(
        self, segments: Sequence[Floats], order: int, components: int = 6, *, steps: int = 1500, seed: int = 0
    ) -> None:
        super().__init__(segments, order)
        torch.manual_seed(seed)
        self.scale = np.concatenate([np.diff(rows, axis=0) for rows in segments]).std(axis=0)
        self.components, size = components, self.scale.size
        self.network = nn.Sequential(
            nn.Linear(order * size, HIDDEN),
            nn.SiLU(),
            nn.Dropout(0.1),
            nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, components * (1 + 2 * size)),
        )
        judged = self._examples(segments[::5])
        self._fit(self._examples([rows for i, rows in enumerate(segments) if i % 5]), judged, steps)

    def _examples(self, segments: Sequence[Floats]) -> tuple[torch.Tensor, torch.Tensor]:
        pieces = np.concatenate([windows(rows, self.order + 1) for rows in segments])
        after = ((pieces[:, -1] - pieces[:, -2]) / self.scale).astype(np.float32)
        return torch.from_numpy(self._inputs(pieces[:, :-1])), torch.from_numpy(after)

    def _fit(
        self, fitted: tuple[torch.Tensor, torch.Tensor], judged: tuple[torch.Tensor, torch.Tensor], steps: int
    ) -> None:
        """Keep the weights that are best on every fifth segment: on the others the likelihood never stops rising."""
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-3, weight_decay=1e-2)
        best, kept = np.inf, self.network.state_dict()
        for i in range(steps):
            rows = torch.randint(len(fitted[0]), (256,))
            loss = self._loss(fitted[0][rows], fitted[1][rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            optimiser.step()
            if i % 50 == 49:
                self.network.eval()
                with torch.no_grad():
                    now = self._loss(*judged).item()
                self.network.train()
                if now < best:
                    best, kept = now, {name: part.clone() for name, part in self.network.state_dict().items()}
        self.network.load_state_dict(kept)
        self.network.eval()

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of the differences, up to a constant."""
        weight, mean, log_sigma = self._heads(x)
        fit = -0.5 * ((y[:, None] - mean) / log_sigma.exp()) ** 2 - log_sigma
        return -torch.logsumexp(torch.log_softmax(weight, 1) + fit.sum(2), 1).mean()

    def _inputs(self, past: Floats) -> Singles:
        steps = (np.diff(past, axis=1) / self.scale).reshape(len(past), -1)
        return np.concatenate([past[:, -1], steps], axis=1).astype(np.float32)

    def _heads(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        made = self.network(x).view(len(x), self.components, -1)
        weight, mean, log_sigma = made.split([1, self.scale.size, self.scale.size], dim=2)
        return weight[..., 0], mean, log_sigma.clamp(-4.0, 3.0)

    @property
    def numbers(self) -> int:
        """Count of the network's parameters."""
        return sum(part.numel() for part in self.network.parameters())

    @torch.inference_mode()
    def step(self, past: Floats, rng: np.random.Generator) -> Floats:
        """Draw a component, then a difference from it."""
        weight, mean, log_sigma = (part.numpy() for part in self._heads(torch.from_numpy(self._inputs(past))))
        row, chosen = np.arange(len(past)), gumbel(weight, rng)
        drawn = mean[row, chosen] + np.exp(log_sigma[row, chosen]) * rng.standard_normal(past[:, -1].shape)
        return np.asarray(past[:, -1] + self.scale * drawn)


def windows(rows: Floats, length: int) -> Floats:
    """Cut rows [N, F] into all windows [N - length + 1, length, F]."""
    return np.lib.stride_tricks.sliding_window_view(rows, length, axis=0).transpose(0, 2, 1)


def gumbel(logs: AnyFloats, rng: np.random.Generator) -> Indices:
    """Draw one index a row by unnormalised log-probabilities [S, K]."""
    return np.asarray(np.argmax(logs + rng.gumbel(size=logs.shape), axis=1))
