"""Sampler: synthetic rows from a bundle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.bundle import Bundle
from edge.draws import LARGEST_SEED, normals, uniforms
from edge.errors import RequestError

Rows = NDArray[np.float64]

CHUNK = 1000
"""Rows decoded at a time: bounds the memory of a long request."""
VAE_NOISE = 0.1
"""Standard deviation that is added to the codes of a VAE unless another is asked for."""

# Rows are made in multiples of so many, and the surplus thrown away: numbers left over after the last full vector of
# a processor are computed in another way, with another last bit, and a row must not depend on what follows it.
_LANES = 8


class Sampler:
    """Draws rows from the bundle's generator, in the station's units and within its physical ranges.

    Row ``i`` depends only on the bundle, the seed and ``i`` (and, around given rows, on them): a short request is the
    beginning of a long one.

    Parameters
    ----------
    bundle
        Its generator is used.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._encoder, self._decoder = bundle.encoder, bundle.decoder
        self._station = bundle.station
        self._is_vae = bundle.manifest.generator.kind == "vae"
        self._latent = bundle.manifest.generator.latent
        self._low, self._high = np.array([feature.range for feature in bundle.station.features]).T
        self._half_spread = 0.5 * bundle.tables["latent_std"].astype(np.float64)
        # The prior is the Gaussian of the training codes, for a VAE, too: with a small beta its codes are not standard.
        self._mean = bundle.tables["latent_mean"].astype(np.float64)
        self._root = _root(bundle.tables["latent_cov"].astype(np.float64))

    def prior(self, n: int, seed: int, *, first: int = 0) -> Rows:
        """Rows like those of the training.

        Parameters
        ----------
        n
            How many, at least 1.
        seed
            0 to 2**63 - 1.
        first
            Index of the first one, for those who ask in parts.

        Returns
        -------
        float64 [n, F]
            In the station's units.

        Raises
        ------
        RequestError
            ``n``, ``seed`` or ``first`` is no such number.
        """
        _check_counts(n, seed, first)
        parts = []
        for start, rows in _chunks(first, n):
            _, code, _, observation = self._draw(seed, start, rows)
            # Not by "@": a matrix product may round by the number of its rows.
            latent = self._mean + np.einsum("nk,lk->nl", code, self._root)
            parts.append(self._decode(latent, observation)[:rows])
        return np.concatenate(parts)

    def around(self, rows: ArrayLike, n: int, seed: int, noise: float | None = None, *, first: int = 0) -> Rows:
        """Rows like the given ones: their codes resampled with replacement, disturbed and decoded.

        The codes of a VAE are drawn from their posterior before noise is added to them.

        Parameters
        ----------
        rows
            Given rows [M, F] in the station's units.
        n, seed, first
            As in :meth:`prior`.
        noise
            Standard deviation of the noise on the codes [-]; ``None``: 0.1 for a VAE, half of the standard deviation
            that each latent has over the training rows for an autoencoder.

        Returns
        -------
        float64 [n, F]
            In the station's units.

        Raises
        ------
        RequestError
            A given row has another number of columns or a value that is no finite number, or one of the other
            arguments is out of its range.
        """
        _check_counts(n, seed, first)
        mean, spread = self._encode(self._check_rows(rows))
        if noise is not None and not (math.isfinite(noise) and noise >= 0):
            raise RequestError(f"noise: got {noise!r}, expected a number that is not negative")
        width = noise if noise is not None else VAE_NOISE if self._is_vae else self._half_spread
        parts = []
        for start, count in _chunks(first, n):
            choice, code, disturbance, observation = self._draw(seed, start, count)
            chosen = (choice * len(mean)).astype(int)
            latent = mean[chosen] + spread[chosen] * code + width * disturbance
            parts.append(self._decode(latent, observation)[:count])
        return np.concatenate(parts)

    def _draw(self, seed: int, first: int, rows: int) -> tuple[Rows, Rows, Rows, Rows]:
        """One uniform, and the normals of the code, of the noise on it, and of the observation; ``rows`` or more."""
        size = 2 * self._latent + self._station.size
        drawn = uniforms(seed, first, rows + -rows % _LANES, 1 + size + size % 2)
        normal = normals(drawn[:, 1:])
        code, disturbance, observation = np.split(normal[:, :size], [self._latent, 2 * self._latent], axis=1)
        return drawn[:, 0], code, disturbance, observation

    def _encode(self, rows: Rows) -> tuple[Rows, Rows]:
        """Mean and standard deviation [M, L] of the rows' codes; an autoencoder is certain of its codes."""
        parts = [self._encoder.run(readings=rows[start : start + count]) for start, count in _chunks(0, len(rows))]
        mean = np.concatenate([part["mean"] for part in parts]).astype(np.float64)
        if not self._is_vae:
            return mean, np.zeros_like(mean)
        return mean, np.exp(0.5 * np.concatenate([part["log_variance"] for part in parts]).astype(np.float64))

    def _decode(self, latent: Rows, observation: Rows) -> Rows:
        readings = self._decoder.run(latent=latent, noise=observation)["readings"]
        return np.clip(readings.astype(np.float64), self._low, self._high)

    def _check_rows(self, rows: ArrayLike) -> Rows:
        keys = self._station.keys
        try:
            values = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise RequestError(f"around: got rows that are not {len(keys)} numbers each: {', '.join(keys)}") from error
        if values.ndim != 2 or values.shape[1] != len(keys) or not len(values):
            raise RequestError(
                f"around: got an array of shape {values.shape}, expected rows of {len(keys)}: {', '.join(keys)}"
            )
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0]
            raise RequestError(
                f"around: row {row + 1}: {keys[column]}: got {values[row, column]}, expected a finite number; "
                "leave out rows with missing values"
            )
        return values


def _root(covariance: Rows) -> Rows:
    """Square root of a covariance, also of a singular one: a latent may be dead."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _chunks(first: int, n: int) -> list[tuple[int, int]]:
    """(start, rows) of each chunk."""
    return [(start, min(CHUNK, first + n - start)) for start in range(first, first + n, CHUNK)]


def _check_counts(n: int, seed: int, first: int) -> None:
    for name, value, low, high in (("n", n, 1, 2**53), ("seed", seed, 0, LARGEST_SEED), ("first", first, 0, 2**53)):
        # A bool is an int to Python, and to nobody else.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RequestError(f"{name}: got {value!r}, expected a whole number from {low} to {high}")
