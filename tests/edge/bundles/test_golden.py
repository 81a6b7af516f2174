"""Outputs are compared with golden ones, relative to their size."""

from __future__ import annotations

import math

import pytest

from edge.bundles.golden import difference


@pytest.mark.parametrize(
    ("got", "expected", "found"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.5], [0.25], 0.25),  # below 1: absolute
        ([110.0], [100.0], 0.1),
        ([math.nan], [1.0], math.inf),
        ([1.0], [1.0, 1.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_the_largest_difference_counts(got: list[float], expected: list[float], found: float) -> None:
    assert difference(got, expected) == pytest.approx(found)
