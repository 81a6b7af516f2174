"""Random numbers by seed and row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.draws import LARGEST_SEED, normals, uniforms


@given(st.integers(0, LARGEST_SEED), st.integers(0, 10**12), st.integers(1, 9), st.integers(1, 30))
@settings(deadline=None)
def test_a_row_of_draws_depends_on_seed_and_index_alone(seed: int, first: int, rows: int, width: int) -> None:
    table = uniforms(seed, first, rows, width)
    last = uniforms(seed, first + rows - 1, 1, width)
    np.testing.assert_array_equal(table[-1:], last)
    assert table.min() > 0
    assert table.max() < 1


def test_draws_are_uniform_and_normal_and_independent() -> None:
    uniform = uniforms(3, 0, 50_000, 6)
    assert np.abs(uniform.mean(axis=0) - 0.5).max() < 0.005
    normal = normals(uniform)
    np.testing.assert_allclose(np.cov(normal.T), np.eye(6), atol=0.025)
    np.testing.assert_allclose((normal**4).mean(axis=0), 3.0, atol=0.2)


def test_normal_numbers_of_a_row_do_not_depend_on_the_rows_around_it() -> None:
    whole = normals(uniforms(3, 0, 64, 10))
    np.testing.assert_array_equal(normals(uniforms(3, 16, 8, 10)), whole[16:24])
