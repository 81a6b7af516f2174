"""A failed channel is filled for twelve readings, by its own count, and never with a value that failed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.readings.last_good import HOLD, FilledReadings, LastGood

NAN = math.nan
FAIL, MISSING = 4, 9


def fill(last_good: LastGood, *readings: tuple[float, float]) -> FilledReadings:
    """Fill readings of two channels whose range is 0 to 50."""
    values = np.array(readings)
    flags = np.where((values >= 0) & (values <= 50), 1, np.where(np.isnan(values), MISSING, FAIL)).astype(np.uint8)
    return last_good.fill(values, flags)


def started() -> LastGood:
    last_good = LastGood(2)
    last_good.update(np.array([1.0, 2.0]))
    return last_good


@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_flagged_channel_is_filled_for_twelve_readings_and_no_longer(size: int) -> None:
    last_good = started()
    readings = [(10.0 + i, NAN) for i in range(HOLD + 2)] + [(31.0, 5.0), (32.0, NAN)]
    complete: list[list[float]] = []
    for i in range(0, len(readings), size):
        complete += fill(last_good, *readings[i : i + size]).values.tolist()
    assert complete == [*([10.0 + i, 2.0] for i in range(HOLD)), [31.0, 5.0], [32.0, 5.0]]


def test_the_readings_that_cannot_be_filled_are_left_out() -> None:
    filled = fill(started(), *[(10.0, NAN)] * (HOLD + 1), (11.0, 3.0), (12.0, 4.0))
    assert filled.rows.tolist() == [*range(HOLD), HOLD + 1, HOLD + 2]
    assert filled.broken.tolist() == [*[True] * HOLD, False, False]


def test_each_channel_is_filled_by_its_own_count() -> None:
    last_good = started()
    assert len(fill(last_good, *[(9.0, 99.0)] * HOLD).rows) == HOLD
    # The second is too old by now; the first, held since a moment ago, does not help it.
    assert len(fill(last_good, (NAN, 99.0)).rows) == 0
    assert fill(last_good, (NAN, 7.0)).values.tolist() == [[9.0, 7.0]]


def test_a_value_that_failed_is_never_filled_in_but_kept_as_sent() -> None:
    filled = fill(started(), (1.5, 99.0), (1.6, NAN), (1.7, math.inf))
    assert filled.values.tolist() == [[1.5, 2.0], [1.6, 2.0], [1.7, 2.0]]
    assert filled.actual.tolist() == [[1.5, 99.0], [1.6, 2.0], [1.7, 2.0]]


def test_a_channel_that_was_never_good_cannot_be_filled() -> None:
    last_good = LastGood(2)
    assert len(fill(last_good, (1.0, NAN)).rows) == 0
    assert fill(last_good, (NAN, 2.0)).values.tolist() == [[1.0, 2.0]]


def test_what_is_forgotten_is_filled_no_longer() -> None:
    last_good = started()
    last_good.clear()
    assert len(fill(last_good, (1.0, NAN)).rows) == 0


def test_a_reading_that_lacks_only_the_spared_channel_is_kept_without_it() -> None:
    last_good = started()
    values = np.array([[10.0, NAN]] * (HOLD + 1) + [[NAN, NAN]] * (HOLD + 1) + [[11.0, 3.0]])
    filled = last_good.fill(values, np.where(np.isnan(values), MISSING, 1).astype(np.uint8), spare=1)
    assert filled.rows.tolist() == [*range(2 * HOLD + 1), 2 * HOLD + 2]  # the first channel is too old once
    assert filled.whole.tolist() == [*[True] * HOLD, *[False] * (HOLD + 1), True]
    assert filled.values[HOLD - 1].tolist() == [10.0, 2.0]
    assert filled.values[HOLD, 0] == 10.0
    assert math.isnan(filled.values[HOLD, 1])
    assert filled.values[-1].tolist() == [11.0, 3.0]
