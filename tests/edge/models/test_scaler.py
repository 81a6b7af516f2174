"""Scaling and its inverse, for logarithmic and linear columns."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.models.scaler import Scaler

SCALER = Scaler(scale=("log", "linear"), floor=(0.5, 0.0), mean=(2.0, -3.0), std=(0.25, 7.0))


def test_log_columns_are_standardised_by_their_logarithm_and_linear_ones_as_they_are() -> None:
    z = SCALER.forward([[np.e**2, -3.0], [np.e**2.25, 4.0]])
    np.testing.assert_allclose(z, [[0, 0], [1, 1]], atol=1e-12)


def test_what_lies_below_the_floor_of_a_log_column_counts_as_the_floor() -> None:
    at_floor, *below = SCALER.forward([[0.5, 0.0], [0.1, 0.0], [0.0, 0.0], [-9.0, 0.0]])
    for row in below:
        np.testing.assert_array_equal(row, at_floor)


def test_a_linear_column_may_be_negative() -> None:
    assert SCALER.forward([1.0, -10.0])[1] == -1.0


def test_a_nan_stays_in_its_cell() -> None:
    z = SCALER.forward([[np.nan, 1.0], [1.0, np.nan], [1.0, 1.0]])
    np.testing.assert_array_equal(np.isnan(z), [[True, False], [False, True], [False, False]])


@given(st.lists(st.tuples(st.floats(0.5, 1e9), st.floats(-1e6, 1e6)), min_size=1, max_size=20))
def test_unscaling_undoes_scaling(rows: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(SCALER.inverse(SCALER.forward(rows)), rows, rtol=1e-10, atol=1e-9)


def test_unscaling_a_large_linear_value_does_not_overflow_in_the_unused_branch() -> None:
    with np.errstate(all="raise"):
        assert SCALER.inverse([0.0, 1e6])[1] == 7e6 - 3


@pytest.mark.parametrize(
    "change",
    [
        {"std": (0.0, 1.0)},
        {"std": (np.nan, 1.0)},
        {"mean": (np.inf, 1.0)},
        {"floor": (0.0, 0.0)},
        {"mean": (1.0,)},
    ],
)
def test_parameters_that_cannot_belong_together_are_refused(change: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="scaler"):
        msgspec.structs.replace(SCALER, **change)
