"""What is measured, in the digits in which a verdict tells it."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.finding import significant


@given(st.floats(1e-12, 1e12), st.integers(2, 5))
def test_numbers_are_written_with_no_more_than_their_significant_digits(value: float, digits: int) -> None:
    (rounded,) = significant(np.array([value]), digits).tolist()
    assert float(f"{rounded:.{digits}g}") == rounded
    assert abs(rounded - value) <= 0.5001 * 10 ** (math.floor(math.log10(value)) - digits + 1)


def test_what_has_no_significant_digits_stays() -> None:
    assert np.array_equal(significant(np.array([0.0, math.nan, 1e-12]), 3), [0.0, math.nan, 1e-12], equal_nan=True)
