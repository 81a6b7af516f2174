"""Columns of numbers come back bit by bit, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest

from edge.archive.column_coding import decode_column, encode_column

COLUMNS = {
    "whole": np.array([3.0, -4.0, 5e6, 0.0]),
    "two decimals": np.round(np.random.default_rng(1).normal(20, 5, 500), 2),
    "no decimal fits": np.random.default_rng(2).normal(0, 1, 500),
    "huge and tiny": np.array([1e300, -1e-300, 5e-324, 1.7e308]),
    "minus zero": np.array([0.0, -0.0, 1.0]),
    "infinite": np.array([np.inf, -np.inf, 1.0]),
    "missing": np.array([np.nan, 1.25, np.nan, 1.5, np.nan]),
    "all missing": np.full(9, np.nan),
    "one": np.array([123.456]),
    "steps of all widths": np.cumsum(np.array([0.0, 100, 30_000, 2e9, 4e15, -4e15])),
    "times": 1.79e9 + np.arange(100) * 60.25,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_number_comes_back_bit_by_bit(name: str) -> None:
    values = COLUMNS[name]
    found = decode_column(encode_column(values), len(values))
    assert found.dtype == np.float64
    missing = np.isnan(values)
    assert (np.isnan(found) == missing).all()
    assert found[~missing].tobytes() == values[~missing].tobytes()


def test_decimals_take_less_room_than_floats() -> None:
    values = COLUMNS["two decimals"]
    assert len(encode_column(values)) < 3 * len(values) < 8 * len(values)


@pytest.mark.parametrize("damaged", [b"", b"\0", b"\0\2\1" + bytes(8) + b"\1", b"\1\xff", b"\0\xff\10abc"])
def test_bytes_that_are_no_column_are_refused(damaged: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        decode_column(damaged, 5)
