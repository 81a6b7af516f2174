"""A bundle's generator is the trainer's; its roots survive being packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles.bundle import Bundle
from edge.models.generator import pack_roots, unpack_roots


def test_packed_roots_come_back_lower_triangular_to_three_digits() -> None:
    roots = np.tril(np.random.default_rng(0).standard_normal((5, 4, 4)))
    triangles = pack_roots(roots)
    assert triangles.shape == (5, 10)
    np.testing.assert_allclose(unpack_roots(triangles, 4), roots, rtol=1e-3)
    np.testing.assert_array_equal(pack_roots(unpack_roots(triangles, 4)), triangles)


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_the_bundles_generator_makes_the_rows_of_the_trainers(
    runs: dict[str, Path], bundles: dict[str, Path], model: str
) -> None:
    from trainer.run import Run

    ours, theirs = Bundle.open(bundles[model]).generator, Run.open(runs[model]).generator.generator
    for name in ("weights", "means", "roots", "latent_std", "low", "high"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert (ours.kind, ours.regimes, ours.latent) == (theirs.kind, theirs.regimes, 4 if model == "ae" else 9)
    rng = np.random.default_rng(0)
    draw: dict[str, NDArray[np.floating]] = {
        "latent": ours.means[rng.integers(0, 40, 200)],
        "noise": rng.standard_normal((200, 9)),
    }
    rows, expected = (one.decoder.run(**draw)["readings"] for one in (ours, theirs))
    assert rows.dtype == np.float64
    # A row at the edge of a step may fall to either side.
    assert (np.isclose(rows, expected, rtol=1e-4).all(axis=1)).mean() > 0.97
    codes, expected_codes = (one.encoder.run(readings=expected)["mean"] for one in (ours, theirs))
    np.testing.assert_allclose(codes, expected_codes, atol=1e-4)
