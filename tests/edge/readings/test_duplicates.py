"""The same message twice counts once, and a message that only looks like another counts as well."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from edge.readings.duplicates import LOOK_BACK, Duplicates
from edge.readings.message_key import key

T0 = 1_790_000_000.0


class Reading(NamedTuple):
    ts: float | None = None
    seq: int | None = None
    values: int = 0


class Sent(NamedTuple):
    """A message: what it says, when it comes, and what the broker says about it."""

    values: object
    reading: Reading
    received: float
    dup: bool = False
    mid: int = 1


def take(seen: Duplicates, sent: Iterable[Sent]) -> list[bool]:
    """Return which messages are taken for new ones."""
    return [
        seen.take(repr(each[:2]).encode(), [each.reading], received=each.received, mid=each.mid, dup=each.dup)
        is not None
        for each in sent
    ]


def paced(readings: Iterable[tuple[object, Reading]], every: float, jitter: float = 0.02) -> Iterator[Sent]:
    """Send readings at a pace, each in a packet of its own."""
    wobble = random.Random(7)
    for n, (values, reading) in enumerate(readings):
        yield Sent(values, reading, T0 + every * (n + wobble.uniform(-jitter, jitter)), mid=n % 65535 + 1)


def copied(waits: Iterable[float], *, every: float = 60.0, count: int = 200, stamped: bool = True) -> Iterator[Sent]:
    """Send each reading, and again after each of ``waits`` [s]."""
    for n in range(count):
        reading = Reading(ts=T0 + every * n, seq=n) if stamped else Reading()
        for copy, wait in enumerate((0.0, *waits)):
            yield Sent(n, reading, T0 + every * n + wait, mid=(7 * n + copy) % 65535 + 1)


def test_a_message_is_recognised_among_the_last_2000() -> None:
    seen = Duplicates()
    messages = [Sent(n, Reading(seq=n), T0 + n) for n in range(LOOK_BACK + 1)]
    assert all(take(seen, messages))
    late = T0 + LOOK_BACK + 0.001
    again = [messages[n]._replace(received=late) for n in (1, -1, 0)]
    assert take(seen, again) == [False, False, True]


def test_a_counter_that_restarts_and_a_clock_that_is_set_back_are_no_repetitions() -> None:
    seen = Duplicates()
    for n, reading in enumerate((Reading(1000.0, 50), Reading(3.0, 60), Reading(4.0, 10), Reading(5.0))):
        sent = Sent(n, reading, T0 + n)
        assert take(seen, [sent, sent]) == [True, False]


@pytest.mark.parametrize(
    "waits",
    [(0.02,), (0.02, 0.04), (5.0, 10.0, 15.0), (20.0,), (25.0,), (10.0, 20.0)],
    ids=["a bridge's double", "three of each", "a hasty station", "one retry", "a late retry", "two retries"],
)
def test_copies_are_no_readings(waits: tuple[float, ...]) -> None:
    assert sum(take(Duplicates(), copied(waits))) == 200


def test_doubles_without_time_and_count_are_recognised_once_the_pace_is_known() -> None:
    taken = take(Duplicates(), copied((0.02,), stamped=False))
    assert 200 <= sum(taken) <= 204


@pytest.mark.parametrize(("every", "values"), [(10.0, 1), (10.0, 2), (10.0, 20), (30.0, 1), (20.0, 1)], ids=str)
def test_readings_that_are_stamped_to_the_minute_are_readings(every: float, values: int) -> None:
    drawn = random.Random(1)
    readings = [(drawn.randrange(values), Reading(ts=(T0 + every * n) // 60 * 60)) for n in range(360)]
    assert sum(take(Duplicates(), paced(readings, every))) >= 354


@pytest.mark.parametrize("reading", [Reading(ts=T0), Reading(seq=0), Reading(ts=946684800.0, seq=1)])
def test_a_clock_or_a_counter_that_stands_still_beside_stuck_values_silences_nobody(reading: Reading) -> None:
    assert sum(take(Duplicates(), paced([(1, reading)] * 300, 60.0))) >= 294


def test_a_counter_that_restarts_beside_stuck_values_silences_nobody() -> None:
    readings = [(1, Reading(seq=n % 80)) for n in range(320)]
    assert sum(take(Duplicates(), paced(readings, 60.0))) >= 318


@pytest.mark.parametrize("values", [1, 3, 10**9])
def test_without_time_and_count_equal_bytes_prove_nothing(values: int) -> None:
    readings = [(n * values // 300, Reading()) for n in range(300)]
    assert all(take(Duplicates(), paced(readings, 10.0)))
    at_once = [Sent(1, Reading(), T0 + 3600.0 * (n // 60) + 0.01 * n, mid=n + 1) for n in range(300)]
    assert all(take(Duplicates(), at_once)), "an hour's stored readings of a stuck sensor"


def test_what_the_broker_marks_is_a_repetition_at_any_pace() -> None:
    sent = [each._replace(dup=n % 2 == 1, mid=n // 2 + 1) for n, each in enumerate(copied((30.0,), stamped=False))]
    assert sum(take(Duplicates(), sent)) == 200
    assert sum(take(Duplicates(), [each._replace(dup=n % 2 == 1) for n, each in enumerate(copied((30.0,)))])) == 200


@pytest.mark.parametrize("every", [0.0, 0.1, 1.0, 5.0])
def test_a_history_that_is_sent_again_is_a_repetition(every: float) -> None:
    history = list(copied((), count=100))
    again = [each._replace(received=T0 + 6000.0 + every * n) for n, each in enumerate(history)]
    assert sum(take(Duplicates(), history + again)) == 100


def test_an_array_of_readings_is_one_message() -> None:
    array = [Reading(seq=n) for n in range(20)]
    seen = Duplicates()
    for wait in (0.0, 0.01, 60.0):
        new = seen.take(b"[...]", array, received=T0 + wait)
        assert (new is not None) is (wait == 0.0)


def test_an_array_of_different_readings_without_time_and_count_is_recognised_at_any_pace() -> None:
    seen = Duplicates()
    for wait in (0.0, 0.01, 3600.0):
        array = [Reading(values=n) for n in range(3)]
        assert (seen.take(b"[1, 2, 3]", array, received=T0 + wait) is not None) is (wait == 0.0)
    stuck = [Reading()] * 20
    assert all(seen.take(b"[1, 1, 1]", stuck, received=T0 + 3600.0 * n) is not None for n in range(2, 20))


def test_a_stamp_that_ran_ahead_does_not_make_readings_of_copies() -> None:
    ahead = Sent(-1, Reading(ts=T0 + 1e9, seq=10**6), T0 - 60.0)
    assert sum(take(Duplicates(), [ahead, *copied((25.0,))])) == 201


def test_what_the_journal_remembers_is_recognised() -> None:
    messages = [(key(b"%d" % n), Reading(seq=n), T0 + n) for n in range(LOOK_BACK)]
    journalled = [messages[0]] * 500 + messages[1:]  # an array's readings are journalled one by one
    seen = Duplicates()
    for own, reading, received in journalled:
        seen.add(own, (reading,), received)
    assert [seen.take(b"%d" % n, [Reading(seq=n)], received=T0 + LOOK_BACK) for n in range(LOOK_BACK)] == [
        None
    ] * LOOK_BACK


def test_the_share_of_repetitions_is_counted() -> None:
    seen = Duplicates()
    take(seen, copied(()))
    assert seen.share == 0.0
    take(seen, [each._replace(reading=Reading(seq=each.reading.seq)) for each in copied((0.01,))])
    assert seen.share == pytest.approx(0.5, abs=0.1)


def test_the_wall_clock_may_jump_between_two_messages() -> None:
    seen = Duplicates()
    sent = [Sent(n, Reading(seq=n), T0 + 60 * n - (86400.0 if n > 50 else 0.0)) for n in range(100)]
    assert all(take(seen, sent))
    assert not any(take(seen, [sent[-1]]))


def test_the_packet_identifier_is_part_of_the_key_where_it_is_given() -> None:
    assert len({key(b"{}"), key(b"{}", mid=1), key(b"{}", mid=2)}) == 3
    assert -(2**63) <= key(b"{}") < 2**63
    assert key(b"{}") == key(b"{}")
