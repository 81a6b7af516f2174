"""The mixture that codes are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from trainer.generation import mixture
from trainer.generation.mixture import MOST, Mixture, fit_mixture

TWO = Mixture(
    weights=np.array([0.3, 0.7]),
    means=np.array([[-4.0, 0.0], [3.0, 1.0]]),
    roots=np.array([[[0.5, 0.0], [0.3, 0.4]], [[1.0, 0.0], [-0.5, 0.8]]]),
)


def codes(n: int = 4000) -> np.ndarray:
    return TWO.draw(n, np.random.default_rng(0))


def test_draws_have_the_moments_of_the_mixture() -> None:
    drawn = codes(100_000)
    mean, covariance = TWO.moments()
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.06)


def test_log_likelihood_is_the_mean_log_density() -> None:
    drawn = codes(700)
    density = sum(
        weight * multivariate_normal(mean, root @ root.T).pdf(drawn)
        for weight, mean, root in zip(TWO.weights, TWO.means, TWO.roots, strict=True)
    )
    assert TWO.log_likelihood(drawn) == pytest.approx(np.log(density).mean())


def test_a_long_record_is_fitted_on_evenly_spaced_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixture, "MOST_ROWS", 1000)
    drawn = codes(2500)
    fitted, thinned = fit_mixture(drawn, 1, components=2), fit_mixture(drawn[::3], 1, components=2)
    np.testing.assert_array_equal(fitted.means, thinned.means)


def test_the_fit_finds_the_clusters_and_repeats_itself() -> None:
    fitted = fit_mixture(codes(), 1, components=2)
    order = np.argsort(fitted.weights)
    np.testing.assert_allclose(fitted.weights[order], TWO.weights, atol=0.02)
    np.testing.assert_allclose(fitted.means[order], TWO.means, atol=0.1)
    np.testing.assert_allclose(np.abs(fitted.roots[order]), np.abs(TWO.roots), atol=0.1)
    assert (fitted.roots == fit_mixture(codes(), 1, components=2).roots).all()
    assert not np.triu(fitted.roots, 1).any()


def test_there_are_thirty_rows_to_a_component_and_no_more_than_300() -> None:
    assert len(fit_mixture(codes(310), 1).weights) == 10
    assert len(fit_mixture(codes(310), 1, components=50).weights) == 10
    assert len(fit_mixture(codes(20), 1).weights) == 1
    assert MOST == 300


def test_a_search_takes_no_count_that_held_out_rows_speak_against() -> None:
    """One Gaussian in many dimensions: components of thirty rows each describe their own rows, and no others."""
    spread = np.random.default_rng(0).standard_normal((5000, 12))  # at most 166
    assert len(fit_mixture(spread, 1, search=True).weights) == 100
