"""Arrays may begin with the newest reading, and share readings with earlier ones."""

from __future__ import annotations

from edge.readings.array_readings import LOOK_BACK, ArrayReadings
from edge.readings.reading import Reading


def reading(ts: float | None, value: float = 1.0, seq: int | None = None) -> Reading:
    return Reading(station="st-1", values=(value, float("nan")), ts=ts, seq=seq, received=1e9)


def test_the_newest_first_is_turned_round_and_nothing_else_is() -> None:
    for stamps, taken in [
        ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
        ([1.0, 3.0, 2.0], [1.0, 3.0, 2.0]),
        ([2.0, 2.0, 2.0], [2.0, 2.0, 2.0]),
    ]:
        readings = [reading(ts, n) for n, ts in enumerate(stamps)]
        assert [each.ts for each in ArrayReadings().take(readings)] == taken
    assert [each.values[0] for each in ArrayReadings().take([reading(2.0, n) for n in range(3)])] == [0.0, 1.0, 2.0]
    assert [each.seq for each in ArrayReadings().take([reading(2.0, seq=5), reading(None, seq=4)])] == [5, 4]


def test_a_window_that_slides_gives_each_reading_once() -> None:
    arrays = ArrayReadings()
    taken = [each.ts for n in range(2000) for each in arrays.take([reading(60.0 * (n + k)) for k in range(10)])]
    assert taken == [60.0 * n for n in range(2009)]
    assert len(arrays._ring) == LOOK_BACK


def test_another_value_or_count_is_another_reading() -> None:
    arrays = ArrayReadings()
    arrays.take([reading(60.0), reading(120.0, seq=1)])
    again = [reading(60.0, 2.0), reading(120.0, seq=2), reading(120.0, seq=1)]
    assert arrays.take(again) == again[:2]


def test_readings_without_time_and_count_are_all_new() -> None:
    arrays = ArrayReadings()
    assert [len(arrays.take([reading(None)] * 5)) for _ in range(3)] == [5, 5, 5]
