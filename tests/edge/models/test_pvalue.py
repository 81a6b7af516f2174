"""Raw scores to -log10 of p-values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.models.pvalue import PValueTable

finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 9))  # knots 1e-308 apart overflow the slope


@st.composite
def tables(draw: st.DrawFn) -> PValueTable:
    error = sorted(draw(st.lists(finite, min_size=2, max_size=30, unique=True)))
    scores = draw(st.lists(st.floats(0, 12), min_size=len(error), max_size=len(error)))
    return PValueTable(error, sorted(scores))


@given(tables(), st.lists(finite, min_size=2))
def test_a_larger_error_never_scores_less(table: PValueTable, errors: list[float]) -> None:
    score = table.score(sorted(errors))
    assert (np.diff(score) >= -1e-12).all()  # interpolated: the last digit may differ
    assert score.min() >= 0
    assert score.max() <= 12


def test_scores_are_interpolated_between_the_knots_and_clamped_beyond_them() -> None:
    table = PValueTable([1.0, 2.0, 4.0], [0.5, 1.0, 3.0])
    np.testing.assert_allclose(table.score([-5.0, 1.5, 3.0, 1e9, np.inf]), [0.5, 0.75, 2.0, 3.0, 3.0])


def test_a_nan_has_no_score() -> None:
    assert np.isnan(PValueTable([0.0, 1.0], [0.0, 1.0]).score([np.nan])).all()


@pytest.mark.parametrize(
    ("error", "score"),
    [
        ([1.0], [1.0]),
        ([1.0, 1.0], [0.0, 1.0]),
        ([2.0, 1.0], [0.0, 1.0]),
        ([1.0, np.nan], [0.0, 1.0]),
        ([1.0, 2.0], [1.0, 0.5]),
        ([1.0, 2.0], [0.0, 12.5]),
        ([1.0, 2.0], [-0.1, 1.0]),
        ([1.0, 2.0], [0.0, np.nan]),
        ([1.0, 2.0], [0.0, 1.0, 2.0]),
    ],
)
def test_what_is_no_monotone_table_is_refused(error: list[float], score: list[float]) -> None:
    with pytest.raises(ValueError, match="p-value table"):
        PValueTable(error, score)
