"""Draws synthetic rows from a generator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import AnyFloats, Floats, Indices, Singles
from edge.errors import RequestError
from edge.models.generator import Generator
from edge.synthesis.bounds import Ranges, column_bounds
from edge.synthesis.conditional_mixture import ConditionalMixture
from edge.synthesis.random_streams import LARGEST_SEED, PILOT_STREAM, normals, positions, redraws

CHUNK = 4000
"""Rows decoded at a time, which bounds the memory for a long request."""
VAE_NOISE = 0.1
"""Default standard deviation of the noise on a VAE's codes; for an autoencoder it is half of their spread."""
PRIOR = "prior"
"""Name of the part of a mix that is like all of the training."""

# Rows are made in multiples of this number and the surplus is discarded: a processor computes the numbers after its
# last full vector differently, with another last bit, and a row must not depend on the rows after it.
_LANES = 16
_PILOT_ROWS, _PILOT_LEAST = 64, 10_000  # per component, and in all, to estimate the shares of a range
_ATTEMPTS = 4000  # a row is redrawn before its range counts as unreachable
_MOST_CACHED = 64  # ranges whose mixtures are cached: a request in parts repeats its range


@dataclass(frozen=True)
class Codes:
    """Encoded rows: mean and standard deviation of their codes, both [M, L], noise included."""

    mean: Singles
    spread: Singles


class Sampler:
    """Draws rows from a generator, in the station's units and within the range that it was trained on.

    Row ``i`` depends only on the generator, the conditions, the seed and ``i``: a short request gives the beginning of
    a long one.

    Parameters
    ----------
    generator
        Generator of a bundle or of a run.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._size, self._latent = generator.station.size, generator.latent
        self._width = self._latent + self._size  # normal numbers per row
        self._whole = ConditionalMixture.unconditional(generator.weights, self._size)
        self._cache: dict[tuple[tuple[str, tuple[float, float]], ...], ConditionalMixture] = {}

    def prior(self, n: int, seed: int, *, first: int = 0) -> Floats:
        """Draw rows like those of the training.

        Parameters
        ----------
        n
            Number of rows, at least 1.
        seed
            Seed, 0 to 2**63 - 1.
        first
            Index of the first row, for requests in parts.

        Returns
        -------
        float64 [n, F]
            In the station's units.

        Raises
        ------
        RequestError
            ``n``, ``seed`` or ``first`` is out of its range.
        """
        return self._draw(self._whole, n, seed, first)

    def within(self, ranges: Ranges, n: int, seed: int, *, first: int = 0) -> Floats:
        """Draw rows like those of the training that lie in the given ranges.

        Parameters
        ----------
        ranges
            Least and largest value by key [the column's unit]; see also :meth:`regime`.
        n, seed, first
            As in :meth:`prior`.

        Returns
        -------
        float64 [n, F]
            In the station's units; every row lies in the ranges.

        Raises
        ------
        RequestError
            A range is invalid, or the training has no such rows; or as in :meth:`prior`.
        """
        return self._draw(self._restricted(ranges), n, seed, first)

    def mix(self, parts: Mapping[str, float], n: int, seed: int, *, first: int = 0) -> Floats:
        """Draw rows of several regimes, mixed as evenly as their shares allow from the first row on.

        Parameters
        ----------
        parts
            Name of a regime, or ``prior`` -> its share relative to the others.
        n, seed, first
            As in :meth:`prior`.

        Returns
        -------
        float64 [n, F]
            In the station's units.

        Raises
        ------
        RequestError
            There is no such regime, or a share is not positive; or as in :meth:`prior`.
        """
        if not parts:
            raise RequestError("mix: got nothing, expected shares by name, such as background=0.5, plume=0.5")
        for name, share in parts.items():
            if not (math.isfinite(share) and share > 0):
                raise RequestError(f"mix: {name}: got {share!r}, expected a share that is more than 0")
        mixtures = [self._whole if name == PRIOR else self._restricted(self.regime(name)) for name in parts]
        return self._draw(ConditionalMixture.combine(mixtures, list(parts.values())), n, seed, first)

    def regime(self, name: str) -> Ranges:
        """Return the range of a regime, by the gas column's key [its unit]; RequestError for an unknown regime."""
        gas, regimes = self._generator.station.gas, self._generator.regimes
        if gas is None or name not in regimes:
            known = ", ".join(regimes) or "none: the station has no gas column"
            raise RequestError(f"regime: got {name[:64]!r}, expected one of {known}")
        return {gas: regimes[name]}

    def around(self, rows: ArrayLike, n: int, seed: int, noise: float | None = None, *, first: int = 0) -> Floats:
        """Draw rows like the given ones: their codes are taken evenly, disturbed and decoded.

        The codes of a VAE are drawn from their posterior before noise is added to them.

        Parameters
        ----------
        rows
            Given rows [M, F] in the station's units.
        n, seed, first
            As in :meth:`prior`.
        noise
            Standard deviation of the noise on the codes [-]; ``None``: 0.1, or for an autoencoder half of the standard
            deviation of each latent over the training rows.

        Returns
        -------
        float64 [n, F]
            In the station's units.

        Raises
        ------
        RequestError
            A given row has another number of columns or a value that is not finite, or one of the other arguments is
            out of its range.
        """
        _check_counts(n, seed, first)
        return self.near(self.encode(rows, noise), n, seed, first=first)

    def encode(self, rows: ArrayLike, noise: float | None = None) -> Codes:
        """Encode given rows once, for a request in parts; the arguments and the errors are those of :meth:`around`."""
        given, width = self._check_rows(rows), self._disturbance(noise)
        parts = [
            self._generator.encoder.run(readings=given[start:][:count]) for start, count, _ in _chunks(0, len(given))
        ]
        mean = np.concatenate([part["mean"] for part in parts])
        if "log_variance" not in parts[0]:  # an autoencoder's codes are certain
            return Codes(mean, np.broadcast_to(np.float32(width), mean.shape))
        variance = np.exp(np.concatenate([part["log_variance"] for part in parts]))
        return Codes(mean, np.sqrt(variance + np.float32(width) ** 2))

    def near(self, codes: Codes, n: int, seed: int, *, first: int = 0) -> Floats:
        """Draw rows like those that were encoded; the other arguments and the errors are those of :meth:`around`."""
        _check_counts(n, seed, first)
        made = np.empty((n, self._size))
        for start, count, padded in _chunks(first, n):
            normal = normals(seed, start, padded, self._width)
            chosen = (positions(seed, start, padded) * len(codes.mean)).astype(np.intp)
            latent = codes.mean[chosen] + codes.spread[chosen] * normal[:, : self._latent]
            made[start - first :][:count] = self._decode(latent, normal)[:count]
        return made

    def _draw(self, mixture: ConditionalMixture, n: int, seed: int, first: int) -> Floats:
        _check_counts(n, seed, first)
        made = np.empty((n, self._size))
        for start, count, padded in _chunks(first, n):
            choice = mixture.choose(positions(seed, start, padded))
            rows = self._make(mixture.component[choice], normals(seed, start, padded, self._width))
            if mixture.bounded:
                self._redraw(rows, mixture, choice, seed, start)
            made[start - first :][:count] = rows[:count]
        return made

    def _redraw(self, rows: AnyFloats, mixture: ConditionalMixture, choice: Indices, seed: int, start: int) -> None:
        """Replace rows outside their range, each by the first inside it from its own component."""
        outside = np.flatnonzero(~mixture.accepts(rows, choice))
        begin = 0
        while len(outside):
            if begin >= _ATTEMPTS:
                raise RequestError("range: got one where hardly any row of the training is; fix: ask for a wider one")
            # The number tried at once does not matter: each row takes the first accepted one of its own stream.
            attempts = max(1, min(CHUNK // len(outside), 4 + begin, _ATTEMPTS - begin))
            normal = redraws(seed, start + outside, begin, attempts, self._width).reshape(-1, self._width)
            tried = np.repeat(choice[outside], attempts)
            padded = np.arange(_padded(len(tried))) % len(tried)
            made = self._make(mixture.component[tried][padded], normal[padded])[: len(tried)]
            accepted = mixture.accepts(made, tried).reshape(-1, attempts)
            found = accepted.any(axis=1)
            rows[outside[found]] = made.reshape(len(outside), attempts, -1)[found, accepted.argmax(axis=1)[found]]
            outside, begin = outside[~found], begin + attempts

    def _make(self, component: Indices, normal: Singles) -> AnyFloats:
        # Not with "@": the rounding of a matrix product may depend on its number of rows.
        mean, root = (table.take(component, axis=0) for table in (self._generator.means, self._generator.roots))
        latent = mean + np.einsum("nlk,nk->nl", root, normal[:, : self._latent])
        return self._decode(latent, normal)

    def _decode(self, latent: Singles, normal: Singles) -> AnyFloats:
        return self._generator.decoder.run(latent=latent, noise=normal[:, self._latent :])["readings"]

    @cached_property
    def _pilot(self) -> AnyFloats:
        """Pilot rows of each component, [K, P, F], the same for every seed."""
        count = len(self._whole.chances)
        component = np.repeat(np.arange(count), max(_PILOT_ROWS, -(-_PILOT_LEAST // count)))
        parts = [
            self._make(component[start : start + rows], normals(0, start, rows, self._width, PILOT_STREAM))
            for start, rows, _ in _chunks(0, len(component))
        ]
        return np.concatenate(parts).reshape(count, -1, self._size)

    def _restricted(self, ranges: Ranges) -> ConditionalMixture:
        key = tuple(sorted(ranges.items()))
        found = self._cache.get(key)
        if found is None:
            found = self._whole.restrict(*column_bounds(ranges, self._generator), self._pilot)
            if found is None:
                words = ", ".join(f"{column} {least:.12g} to {largest:.12g}" for column, (least, largest) in key)
                raise RequestError(f"range: got {words}, where no row of the training is; fix: ask for a wider one")
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[key] = found
        return found

    def _disturbance(self, noise: float | None) -> float | Singles:
        if noise is None:
            return 0.5 * self._generator.latent_std if self._generator.kind == "ae" else VAE_NOISE
        if not (math.isfinite(noise) and noise >= 0):
            raise RequestError(f"noise: got {noise!r}, expected a number that is not negative")
        return noise

    def _check_rows(self, rows: ArrayLike) -> Floats:
        keys = self._generator.station.keys
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


def _padded(rows: int) -> int:
    return rows + -rows % _LANES


def _chunks(first: int, n: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, rows, rows to make) of each chunk."""
    for start in range(first, first + n, CHUNK):
        count = min(CHUNK, first + n - start)
        yield start, count, _padded(count)


def _check_counts(n: int, seed: int, first: int) -> None:
    for name, value, low, high in (("n", n, 1, 2**53), ("seed", seed, 0, LARGEST_SEED), ("first", first, 0, 2**53)):
        # Only to Python is a bool an int.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RequestError(f"{name}: got {value!r}, expected a whole number from {low} to {high}")
