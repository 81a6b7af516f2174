"""A station's last readings, and those of its last alarm."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import Floats
from edge.errors import RequestError
from edge.readings.recent import MOST_RECENT, Recent


def sent(recent: Recent, *numbers: float, raised_by: int = 0, stands: bool = False) -> None:
    for number in numbers:
        recent.add((number, 0.0), raised_by=raised_by, stands=stands)
        raised_by = 0


def firsts(rows: Floats) -> list[float]:
    return rows[:, 0].tolist()  # type: ignore[no-any-return]


def test_the_last_500_complete_readings_are_remembered_in_their_order() -> None:
    recent = Recent(2)
    sent(recent, 1, 2, np.nan, 3)
    assert firsts(recent.last(2)) == [2, 3]
    assert firsts(recent.last(MOST_RECENT)) == [1, 2, 3]
    sent(recent, *range(4, MOST_RECENT + 11))
    assert firsts(recent.last(MOST_RECENT)) == list(range(11, MOST_RECENT + 11))


def test_an_array_that_was_returned_does_not_change_any_more() -> None:
    recent = Recent(2)
    sent(recent, 1, 2)
    given = recent.last(2)
    sent(recent, *range(MOST_RECENT))
    assert firsts(given) == [1, 2]


def test_an_alarm_has_the_readings_that_raised_it_and_those_until_it_ends() -> None:
    recent = Recent(2)
    sent(recent, 1, 2, 3)
    sent(recent, 4, 5, raised_by=3, stands=True)
    assert firsts(recent.event()) == [2, 3, 4, 5]
    sent(recent, 6, 7)
    assert firsts(recent.event()) == [2, 3, 4, 5]
    sent(recent, 8, raised_by=5, stands=True)
    assert firsts(recent.event()) == [6, 7, 8]


def test_alarms_that_overlap_are_one() -> None:
    recent = Recent(2)
    sent(recent, 1, 2, raised_by=1, stands=True)
    sent(recent, 3, raised_by=1, stands=True)
    sent(recent, 4)
    assert firsts(recent.event()) == [1, 2, 3]


def test_of_a_long_alarm_the_last_readings_are_left_and_of_an_old_one_none() -> None:
    recent = Recent(2)
    sent(recent, *range(MOST_RECENT + 5), raised_by=1, stands=True)
    sent(recent, 1000)
    assert firsts(recent.event()) == [*range(6, MOST_RECENT + 5)]
    sent(recent, *range(MOST_RECENT))
    with pytest.raises(RequestError, match="without an alarm among its last 500 readings"):
        recent.event()


@pytest.mark.parametrize("n", [0, -1, MOST_RECENT + 1])
def test_a_count_beyond_what_is_kept_is_refused(n: int) -> None:
    recent = Recent(2)
    sent(recent, 1)
    with pytest.raises(RequestError, match=f"last: got {n}, expected 1 to 500"):
        recent.last(n)


def test_a_station_that_sent_nothing_complete_is_no_example() -> None:
    recent = Recent(2)
    sent(recent, np.nan)
    with pytest.raises(RequestError, match="no complete reading"):
        recent.last(5)
    with pytest.raises(RequestError, match="without an alarm"):
        recent.event()
