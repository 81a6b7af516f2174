"""Runs a reconstruction network and whitens its residuals, as the exported graph does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edge.arrays import Arrays, Floats
from trainer.networks.autoencoder import TabularAE, TabularVAE, reconstruction_residuals


@dataclass(frozen=True)
class WhitenedReconstruction:
    """A torch network with the interface of :class:`edge.models.runtime.Runtime`.

    Parameters
    ----------
    module
        Reconstructs features [N, F]; a VAE from the mean of the code.
    whitening
        Symmetric matrix [F, F]; residuals times this have unit covariance, see :func:`whitening`.
    """

    module: TabularAE | TabularVAE
    whitening: Floats

    def run(self, **inputs: ArrayLike) -> Arrays:
        """``features`` [N, F] -> ``residuals``, ``contributions`` [N, F] and their sum, ``error`` [N]."""
        left = reconstruction_residuals(self.module, np.asarray(inputs["features"], dtype=np.float32))
        contributions = np.square(left @ self.whitening)
        return {"residuals": left, "contributions": contributions, "error": contributions.sum(axis=1)}


def whitening(left: Floats) -> Floats:
    """Return the symmetric inverse square root of the covariance of residuals [N, F], [F, F].

    Symmetric, so that a channel's whitened residual is about that channel (ZCA; Kessy, Lewin and Strimmer, The American
    Statistician 72, 2018, 309-314).
    """
    covariance = np.atleast_2d(np.cov(left, rowvar=False))
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance + 1e-6 * np.trace(covariance) * np.eye(size))
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)
