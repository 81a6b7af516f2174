"""What any reconstruction has to beat: the mean, and a PCA with as many components as the network has latents."""

from __future__ import annotations

import numpy as np

from edge.arrays import AnyFloats


def mean_error(train: AnyFloats, test: AnyFloats) -> float:
    """Mean squared error [-] of answering the training mean for every test row; rows are scaled [N, F], [M, F]."""
    return float(np.mean((test - train.mean(axis=0)) ** 2))


def pca_error(train: AnyFloats, test: AnyFloats, components: int) -> float:
    """Mean squared error [-] of test rows [M, F] projected on the training rows' first principal components."""
    mean = train.mean(axis=0)
    _, _, axes = np.linalg.svd(train - mean, full_matrices=False)
    axes = axes[:components]
    centred = test - mean
    return float(np.mean((centred - centred @ axes.T @ axes) ** 2))
