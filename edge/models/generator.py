"""Defines a generator: a decoder and the distribution of its codes, whichever runtime runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from config.settings.station import Station
from edge.arrays import AnyFloats, Singles
from edge.models.column_digits import ColumnDigits
from edge.models.runtime import Runtime

REGIMES = ("background", "elevated", "plume")
"""Regimes of a gas column, from the lowest level to the highest."""


@dataclass(frozen=True)
class Generator:
    """A decoder and the distribution of its codes; it draws no random numbers itself.

    The codes are distributed as a mixture of K Gaussians: component ``k`` with probability ``weights[k]``, then
    ``means[k] + roots[k] @ normal``. It holds no training row, encoded or not.

    Parameters
    ----------
    station
        The station, whose columns are generated.
    kind
        Kind of the network between readings and codes; a mixture has no network: its codes are whitened normal scores.
    encoder
        ``readings`` [N, F] -> ``mean`` [N, L] and, of a VAE, ``log_variance`` [N, L].
    decoder
        ``latent`` [N, L] and ``noise`` [N, F], standard normal -> ``readings`` [N, F] in the station's units, complete:
        within the trained range, coarse columns on their steps.
    weights, means, roots
        [K], [K, L] and [K, L, L], float32; the roots are lower triangular.
    latent_std
        [L], standard deviation of the training rows' codes.
    regimes
        Name -> learnt least and largest gas level [its unit] of that regime, see :data:`REGIMES`; empty without gas.
    low, high
        [F]: least and largest values of the training rows [the columns' units].
    digits
        How many decimals each column's values have, see :class:`edge.models.column_digits.ColumnDigits`; ``None`` for a
        quantised column, and empty for a bundle of davylamp 0.2.
    """

    station: Station
    kind: Literal["ae", "vae", "mixture"]
    encoder: Runtime
    decoder: Runtime
    weights: Singles
    means: Singles
    roots: Singles
    latent_std: Singles
    regimes: Mapping[str, tuple[float, float]]
    low: AnyFloats
    high: AnyFloats
    digits: tuple[ColumnDigits | None, ...] = ()

    @property
    def latent(self) -> int:
        """Size L of a code."""
        return int(self.means.shape[1])


def pack_roots(roots: AnyFloats) -> NDArray[np.float16]:
    """Pack the lower triangles of roots [K, L, L] row by row, [K, L(L + 1) / 2].

    Half precision is enough: a covariance estimated on some thirty rows is not known to three digits.
    """
    return np.asarray(roots[:, *np.tril_indices(roots.shape[1])], dtype=np.float16)


def unpack_roots(triangles: AnyFloats, latent: int) -> Singles:
    """Unpack triangles [K, L(L + 1) / 2] to roots [K, L, L]."""
    roots = np.zeros((len(triangles), latent, latent), dtype=np.float32)
    roots[:, *np.tril_indices(latent)] = triangles
    return roots
