"""What is judged, in the digits in which a verdict tells it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.telling import told


@given(st.floats(0.0, 12.0))
def test_a_score_is_told_with_four_decimals(score: float) -> None:
    rounded = told(score)
    assert rounded is not None
    assert float(f"{rounded:.4f}") == rounded
    assert abs(rounded - score) <= 0.5001e-4


@pytest.mark.parametrize(("score", "expected"), [(math.nan, None), (-1e-9, 0.0), (-0.0, 0.0)])
def test_no_score_is_none_and_no_score_is_minus_zero(score: float, expected: float | None) -> None:
    rounded = told(score)
    assert (rounded, rounded is None or math.copysign(1.0, rounded)) == (expected, expected is None or 1.0)
