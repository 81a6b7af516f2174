"""Generator: what makes synthetic rows, whichever runtime runs its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from config.settings.station import Station
from edge.arrays import AnyFloats, Singles
from edge.models.runtime import Runtime

REGIMES = ("background", "elevated", "plume")
"""Of a gas column, from the least to the largest."""


@dataclass(frozen=True)
class Generator:
    """A decoder and the distribution of the codes that it is given; nothing in it is random by itself.

    The codes are distributed as a mixture of K Gaussians: component ``k`` with probability ``weights[k]``, then
    ``means[k] + roots[k] @ normal``. No training row is in it, encoded or not.

    Parameters
    ----------
    station
        What the columns are.
    kind
        The network between readings and codes; a mixture has none: its codes are whitened normal scores.
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
        Name -> least and largest gas level [its unit] of that regime, learnt; see :data:`REGIMES`. Empty without gas.
    low, high
        [F], float32: the range of the rows that were trained on [the columns' units].
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
    low: Singles
    high: Singles

    @property
    def latent(self) -> int:
        """Size L of a code."""
        return int(self.means.shape[1])


def pack_roots(roots: AnyFloats) -> NDArray[np.float16]:
    """Lower triangles [K, L(L + 1) / 2] of roots [K, L, L], row by row.

    In half precision: three digits are more than a covariance has that was estimated on some thirty rows.
    """
    return np.asarray(roots[:, *np.tril_indices(roots.shape[1])], dtype=np.float16)


def unpack_roots(triangles: AnyFloats, latent: int) -> Singles:
    """Roots [K, L, L] of triangles [K, L(L + 1) / 2]."""
    roots = np.zeros((len(triangles), latent, latent), dtype=np.float32)
    roots[:, *np.tril_indices(latent)] = triangles
    return roots
