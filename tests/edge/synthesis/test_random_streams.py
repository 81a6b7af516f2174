"""Random numbers depend on the seed and the row alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.arrays import Singles
from edge.synthesis.random_streams import LARGEST_SEED, normals, positions, redraws

SEEDS = st.integers(0, LARGEST_SEED)
FIRSTS = st.integers(0, 10**12)


@given(SEEDS, FIRSTS, st.integers(1, 40), st.integers(1, 30))
def test_a_row_of_draws_depends_on_seed_and_index_alone(seed: int, first: int, rows: int, width: int) -> None:
    last = first + rows - 1
    np.testing.assert_array_equal(normals(seed, first, rows, width)[-1:], normals(seed, last, 1, width))
    np.testing.assert_array_equal(positions(seed, first, rows)[-1:], positions(seed, last, 1))


@given(SEEDS, st.lists(st.integers(0, 10**12), min_size=1, max_size=5), st.integers(0, 99), st.integers(1, 9))
def test_an_attempt_depends_on_seed_row_and_count_alone(seed: int, rows: list[int], begin: int, attempts: int) -> None:
    several = redraws(seed, np.array(rows), begin, attempts, 5)
    alone = redraws(seed, np.array(rows[-1:]), begin + attempts - 1, 1, 5)
    np.testing.assert_array_equal(several[-1:, -1:], alone)


@pytest.mark.parametrize("drawn", [normals(3, 0, 50_000, 6), redraws(3, np.arange(5_000), 0, 10, 6).reshape(-1, 6)])
def test_draws_are_normal_and_independent(drawn: Singles) -> None:
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(6), atol=0.025)
    np.testing.assert_allclose((drawn.astype(float) ** 4).mean(axis=0), 3.0, atol=0.2)
    along = np.corrcoef(drawn[:-1].T, drawn[1:].T)[:6, 6:]
    assert np.abs(along).max() < 0.02


def test_seeds_rows_and_attempts_have_draws_of_their_own() -> None:
    tables = [normals(seed, 0, 8, 4) for seed in (0, 1, 2**62)]
    tables += [*redraws(0, np.arange(3), 0, 8, 4), normals(0, 0, 8, 4, stream=1)]
    assert len(np.unique(np.concatenate(tables))) == 4 * 8 * len(tables)


@given(SEEDS, FIRSTS, st.integers(1, 500))
def test_positions_are_even_wherever_one_stops(seed: int, first: int, rows: int) -> None:
    position = positions(seed, first, rows)
    assert position.min() >= 0
    assert position.max() < 1
    # Of any half of the interval, the golden ratio's sequence gets the half to within a few rows.
    assert abs((position < 0.5).sum() - rows / 2) < 3
