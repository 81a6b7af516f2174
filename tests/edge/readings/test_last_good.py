"""Held values: twelve readings, each channel by its own count, and never a value that failed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.readings.last_good import HOLD, FilledReadings, LastGood

NAN = math.nan
FAIL, MISSING = 4, 9


def take(holding: LastGood, *readings: tuple[float, float]) -> FilledReadings:
    """Readings of two channels that go from 0 to 50."""
    values = np.array(readings)
    flags = np.where((values >= 0) & (values <= 50), 1, np.where(np.isnan(values), MISSING, FAIL)).astype(np.uint8)
    return holding.take(values, flags)


def started() -> LastGood:
    holding = LastGood(2)
    holding.keep(np.array([1.0, 2.0]))
    return holding


@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_flagged_channel_is_held_for_twelve_readings_and_no_longer(size: int) -> None:
    holding = started()
    readings = [(10.0 + i, NAN) for i in range(HOLD + 2)] + [(31.0, 5.0), (32.0, NAN)]
    complete: list[list[float]] = []
    for i in range(0, len(readings), size):
        complete += take(holding, *readings[i : i + size]).values.tolist()
    assert complete == [*([10.0 + i, 2.0] for i in range(HOLD)), [31.0, 5.0], [32.0, 5.0]]


def test_the_readings_that_cannot_be_completed_are_left_out() -> None:
    held = take(started(), *[(10.0, NAN)] * (HOLD + 1), (11.0, 3.0), (12.0, 4.0))
    assert held.rows.tolist() == [*range(HOLD), HOLD + 1, HOLD + 2]
    assert held.broken.tolist() == [*[True] * HOLD, False, False]


def test_each_channel_is_held_by_its_own_count() -> None:
    holding = started()
    assert len(take(holding, *[(9.0, 99.0)] * HOLD).rows) == HOLD
    # The second is too old by now; the first, held since a moment ago, does not help it.
    assert len(take(holding, (NAN, 99.0)).rows) == 0
    assert take(holding, (NAN, 7.0)).values.tolist() == [[9.0, 7.0]]


def test_a_value_that_failed_is_never_the_one_held_but_told_as_sent() -> None:
    held = take(started(), (1.5, 99.0), (1.6, NAN), (1.7, math.inf))
    assert held.values.tolist() == [[1.5, 2.0], [1.6, 2.0], [1.7, 2.0]]
    assert held.actual.tolist() == [[1.5, 99.0], [1.6, 2.0], [1.7, 2.0]]


def test_a_channel_that_never_was_good_cannot_be_held() -> None:
    holding = LastGood(2)
    assert len(take(holding, (1.0, NAN)).rows) == 0
    assert take(holding, (NAN, 2.0)).values.tolist() == [[1.0, 2.0]]


def test_what_is_forgotten_is_held_no_longer() -> None:
    holding = started()
    holding.forget()
    assert len(take(holding, (1.0, NAN)).rows) == 0
