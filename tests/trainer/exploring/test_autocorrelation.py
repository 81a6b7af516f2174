"""Autocorrelation across missing readings and segments."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.autocorrelation import autocorrelations
from trainer.exploring.raw_record import RawRecord


def test_a_process_of_known_memory_is_recognised_through_missing_readings(
    record: MakeRecord, plain: MakeStation
) -> None:
    rng = np.random.default_rng(0)
    values = np.zeros((20_000, 2))
    for i in range(1, 20_000):
        values[i] = 0.95 * values[i - 1] + rng.normal(size=2)
    values[rng.random(20_000) < 0.3, 1] = np.nan
    whole, holed = autocorrelations(record(values, plain(2)))
    for one in (whole, holed):
        assert one.correlation[0] == pytest.approx(0.95, abs=0.02)
        assert one.length == pytest.approx(-1 / np.log(0.95), rel=0.3)


def test_nothing_is_remembered_across_a_border_of_segments(plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=(400, 2)), 5, axis=0)
    segments = tuple((i, i + 100) for i in range(0, 2000, 100))
    found = autocorrelations(
        RawRecord(plain(2), values, np.zeros(2, dtype=np.int64), None, segments, ((0, 2000),), ("a",))
    )
    assert found[0].lags[-1] == 33  # a third of a segment
    assert found[0].correlation[0] == pytest.approx(0.8, abs=0.05)
    assert abs(found[0].correlation[-1]) < 0.1


def test_a_constant_has_none(record: MakeRecord, plain: MakeStation) -> None:
    values = np.column_stack([np.ones(100), np.arange(100.0)])
    assert [one.key for one in autocorrelations(record(values, plain(2)))] == ["c1"]
