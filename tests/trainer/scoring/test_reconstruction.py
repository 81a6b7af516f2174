"""Whitened residuals have unit covariance, channel by channel."""

from __future__ import annotations

import numpy as np

from trainer.networks.autoencoder import TabularAE, reconstruction_residuals
from trainer.scoring.reconstruction import WhitenedReconstruction, whitening


def test_whitened_residuals_have_unit_covariance_and_stay_with_their_channel() -> None:
    rng = np.random.default_rng(0)
    left = rng.standard_normal((5000, 3)) @ np.array([[3.0, 0.5, 0.0], [0.0, 0.2, 0.05], [0.0, 0.0, 1.0]])
    matrix = whitening(left)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(np.cov(left @ matrix, rowvar=False), np.eye(3), atol=1e-3)
    together = np.abs(np.corrcoef(left, left @ matrix, rowvar=False)[:3, 3:])
    assert (together.argmax(axis=0) == np.arange(3)).all()


def test_contributions_are_squares_that_sum_to_the_error() -> None:
    module, matrix = TabularAE(3, (4,), 2).eval(), np.diag([1.0, 2.0, 3.0])
    features = np.random.default_rng(1).standard_normal((10, 3)).astype(np.float32)
    outputs = WhitenedReconstruction(module, matrix).run(features=features)
    left = reconstruction_residuals(module, features)
    np.testing.assert_array_equal(outputs["residuals"], left)
    np.testing.assert_allclose(outputs["contributions"], (left * [1, 2, 3]) ** 2)
    np.testing.assert_allclose(outputs["error"], outputs["contributions"].sum(axis=1))
