"""The same message twice counts once."""

from __future__ import annotations

from typing import NamedTuple

from edge.readings.duplicates import LOOK_BACK, Duplicates, key


class Reading(NamedTuple):
    ts: float | None = None
    seq: int | None = None


def test_a_message_is_recognised_among_the_last_2000() -> None:
    seen = Duplicates()
    messages = [(key(b"%d" % n), [Reading(seq=n)]) for n in range(LOOK_BACK + 1)]
    for each in messages:
        assert not seen.contains(*each)
        seen.add(*each)
    assert [seen.contains(*messages[n]) for n in (0, 1, -1)] == [False, True, True]


def test_a_counter_that_restarts_and_a_clock_that_is_set_back_are_no_repetitions() -> None:
    seen = Duplicates()
    for reading in (Reading(seq=1000, ts=50.0), Reading(seq=3, ts=60.0), Reading(seq=4, ts=10.0), Reading(ts=5.0)):
        assert not seen.contains(key(repr(reading).encode()), [reading])
        seen.add(key(repr(reading).encode()), [reading])
        assert seen.contains(key(repr(reading).encode()), [reading])


def test_an_array_of_readings_is_one_message() -> None:
    messages = [(key(b"%d" % n), Reading(seq=n)) for n in range(LOOK_BACK)]
    journalled = [messages[0]] * 500 + messages[1:]
    seen = Duplicates()
    for own, reading in journalled:
        seen.add(own, (reading,))
    assert all(seen.contains(own, [reading]) for own, reading in messages)


def test_without_time_and_count_the_key_decides() -> None:
    seen = Duplicates()
    seen.add(key(b"{}", mid=7), [Reading()])
    assert seen.contains(key(b"{}", mid=7), [Reading()])
    assert not seen.contains(key(b"{}", mid=8), [Reading()])


def test_the_packet_identifier_is_part_of_the_key_where_it_is_given() -> None:
    assert len({key(b"{}"), key(b"{}", mid=1), key(b"{}", mid=2)}) == 3
    assert -(2**63) <= key(b"{}") < 2**63
    assert key(b"{}") == key(b"{}")
