from __future__ import annotations

import numpy as np
import pytest

from edge.simulation.noise import autoregressive

COVARIANCE = np.array([[4.0, 1.0], [1.0, 1.0]])


def test_the_series_follows_the_recursion() -> None:
    ar = np.array([0.9, 0.3])
    x = autoregressive(np.random.default_rng(5), 300, ar, COVARIANCE)
    innovations = x[1:] - ar * x[:-1]
    expected = np.random.default_rng(5).standard_normal((300, 2))[1:]
    values, vectors = np.linalg.eigh(COVARIANCE * (1 - np.outer(ar, ar)))
    np.testing.assert_allclose(innovations, expected @ (vectors * np.sqrt(values)) @ vectors.T, atol=1e-9)


def test_covariance_and_autocorrelation_are_as_requested_from_the_first_row_on() -> None:
    draws = np.stack([autoregressive(np.random.default_rng(s), 3, [0.9, 0.3], COVARIANCE) for s in range(4000)])
    for row in range(3):
        np.testing.assert_allclose(np.cov(draws[:, row].T), COVARIANCE, atol=0.25)
    assert np.corrcoef(draws[:, 0, 0], draws[:, 1, 0])[0, 1] == pytest.approx(0.9, abs=0.02)


def test_an_estimated_covariance_that_is_slightly_indefinite_is_corrected() -> None:
    x = autoregressive(np.random.default_rng(0), 100, [0.5, 0.5], [[1.0, 1.01], [1.01, 1.0]])
    assert np.isfinite(x).all()


def test_no_rows_are_no_rows() -> None:
    assert autoregressive(np.random.default_rng(0), 0, [0.5], [[1.0]]).shape == (0, 1)
