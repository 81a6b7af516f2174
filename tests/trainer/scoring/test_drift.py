"""How far a record wanders by itself becomes the limit of what is no drift."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats
from edge.drift.drift_reference import EVERY, WINDOW
from trainer.scoring.drift import fit_drift

READINGS = EVERY * WINDOW


def chunk(rows: int, seed: int, shift: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal((shift, 0.0, 0.0), size=(rows, 3))


def test_a_record_that_wanders_has_a_wider_limit_where_it_does() -> None:
    found = fit_drift([chunk(1000, 1), chunk(1000, 2), chunk(1000, 3, shift=4.0)])
    assert found is not None
    assert found.distance[0] > 3.5
    assert (found.distance[1:] < 1).all()
    assert found.sum[0] > found.sum[1]
    assert found.slack[0] > found.slack[1]


def test_the_quantiles_are_those_of_all_chunks() -> None:
    chunks = [chunk(READINGS, seed, shift=seed) for seed in range(3)]
    found = fit_drift(chunks)
    assert found is not None
    every = np.concatenate(chunks)
    assert found.quantiles.shape == (WINDOW, 3)
    assert np.allclose(found.centre, np.median(every, axis=0), atol=0.05)


def test_a_short_record_has_no_reference() -> None:
    assert fit_drift([chunk(READINGS - 1, seed) for seed in range(3)]) is None
    assert fit_drift([chunk(5 * READINGS, 1)]) is None
    assert fit_drift([chunk(READINGS, 1), chunk(5, 2)]) is not None


def test_a_record_that_never_changes_still_has_limits() -> None:
    found = fit_drift([np.zeros((1000, 3)) for _ in range(3)])
    assert found is not None
    assert (found.distance > 0).all()
    assert (found.sum > 0).all()


def test_errors_that_are_missing_are_left_out() -> None:
    chunks = [chunk(1000, seed) for seed in range(3)]
    for each in chunks:
        each[::7, 2] = np.nan
    found = fit_drift(chunks)
    assert found is not None
    assert np.isfinite(found.quantiles).all()
