"""Parts become readings: by completeness, by repetition, by time, by order; late and slow parts delay nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.readings.decoding.part import Part
from edge.readings.joining.joiner import Joined, Joiner

F = 6
ALL = tuple(range(F))
Sent = tuple[float, tuple[int, ...], int]
"""When a part comes [s], its columns, and the reading to which it belongs."""


def part(columns: Sequence[int], n: int, *, ts: float | None = None, seq: int | None = None) -> Part:
    return Part(tuple(100.0 * n + i if i in columns else math.nan for i in ALL), tuple(columns), ts, seq)


def join(sent: Iterable[Sent], window: float | None = None) -> list[tuple[float, Joined[Sent]]]:
    """Readings with the time at which each was closed; the carrier of a part is what was sent."""
    joiner: Joiner[Sent] = Joiner(F, ALL, window)
    closed: list[tuple[float, Joined[Sent]]] = []
    for each in sorted(sent, key=lambda each: each[0]):
        at, columns, n = each
        due = joiner.due
        closed += [(due, joined) for joined in joiner.close_due(at)]
        closed += [(at, joined) for joined in joiner.add(part(columns, n), each, at=at)]
    due = joiner.due
    return closed + [(due, joined) for joined in joiner.close_due(math.inf)]


def of(joined: Joined[Sent]) -> set[int]:
    """The readings to which the columns of a joined one belong."""
    return {int(joined.part.values[i] // 100) for i in joined.part.came}


def lacking(joined: Joined[Sent]) -> list[int]:
    return [i for i in ALL if math.isnan(joined.part.values[i])]


@given(
    st.lists(st.permutations(ALL), min_size=1, max_size=8),
    st.floats(0.0, 1.5),
    st.sampled_from([20.0, 60.0, 3600.0]),
)
def test_no_order_of_the_parts_and_no_pause_between_them_changes_the_readings(
    orders: list[list[int]], pause: float, period: float
) -> None:
    sent = [(period * n + pause * i, (column,), n) for n, order in enumerate(orders) for i, column in enumerate(order)]
    closed = join(sent)
    assert [joined.part.values for _, joined in closed] == [part(ALL, n).values for n in range(len(orders))]


@given(
    st.lists(st.permutations(ALL), min_size=3, max_size=8),
    st.data(),
    st.sampled_from([1.0, 10.0, 60.0]),
)
def test_one_lost_part_costs_itself_and_nothing_else(
    orders: list[list[int]], data: st.DataObject, period: float
) -> None:
    n = data.draw(st.integers(1, len(orders) - 1))
    column = data.draw(st.sampled_from(ALL))
    sent = [
        (period * m + 0.01 * i, (each,), m)
        for m, order in enumerate(orders)
        for i, each in enumerate(order)
        if (m, each) != (n, column)
    ]
    if n == 1 and period < 10.0:
        return  # its interval is not learnt yet
    closed = join(sent)
    assert [of(joined) for _, joined in closed] == [{m} for m in range(len(orders))]
    assert [lacking(joined) for _, joined in closed] == [[column] if m == n else [] for m in range(len(orders))]
    assert closed[n][0] <= period * n + 0.05 + min(10.0, 0.95 * period)


@given(st.lists(st.tuples(st.floats(0.0, 300.0), st.lists(st.sampled_from(ALL), min_size=1, unique=True)), max_size=60))
def test_every_part_is_in_one_reading_or_held_and_none_is_in_two(parts: list[tuple[float, list[int]]]) -> None:
    sent = [(at, tuple(columns), n) for n, (at, columns) in enumerate(parts)]
    carried = [carrier for _, joined in join(sent) for carrier in joined.carriers]
    assert len(carried) == len(set(carried))
    assert set(carried) <= set(sent)


def test_a_column_that_comes_again_begins_the_next_reading() -> None:
    sent: list[Sent] = [(0.0, (0, 1, 2), 0), (1.0, (3, 4), 0), (2.0, (0, 1, 2), 1), (2.5, (3, 4, 5), 1)]
    assert [lacking(joined) for _, joined in join(sent)] == [[5], []]


def test_a_window_of_ones_own_is_kept() -> None:
    (first, _), *_ = join([(0.0, (0, 1, 2, 3), 0)], window=2.5)
    assert first == 2.5


def test_gas_does_not_wait_for_slow_climate_and_climate_is_held_for_its_own_interval() -> None:
    gas: list[Sent] = [(10.0 * n, (0, 1, 2, 3), n) for n in range(100)]
    closed = join([*gas, *((120.0 * n + 4.0, (4, 5), 12 * n) for n in range(5))])
    assert [of(joined) - {12 * n for n in range(5)} for _, joined in closed if 0 in joined.part.came]
    gases = [(at, joined) for at, joined in closed if 0 in joined.part.came]
    assert len(gases) == 100
    assert sum(at > joined.received for at, joined in gases) <= 3
    assert [n for n, (_, joined) in enumerate(gases) if lacking(joined)] == [1, *range(67, 100)]


def test_two_topics_out_of_step_are_one_reading_with_the_value_before() -> None:
    topics = ((0.0, (0, 1, 2, 3, 4)), (35.0, (5,)))
    sent = [(60.0 * n + shift, columns, n) for n in range(12) for shift, columns in topics]
    gases = [joined for _, joined in join(sent) if 0 in joined.part.came]
    assert len(gases) == 12
    assert [n for n, joined in enumerate(gases) if lacking(joined)] == [0]
    assert [joined.part.values[5] for joined in gases[1:]] == [100.0 * n + 5 for n in range(11)]


def test_parts_that_are_further_apart_than_the_window_make_it_longer() -> None:
    phases = (0.0, 8.0, 15.0, 24.0, 31.0, 38.0)
    closed = join([(60.0 * n + phase, (i,), n) for n in range(20) for i, phase in enumerate(phases)])
    assert all(not lacking(joined) for _, joined in closed[-12:])


def test_a_slow_column_is_waited_for_again_when_it_comes_with_the_others() -> None:
    sent: list[Sent] = [(10.0 * n, (0, 1, 2, 3), n) for n in range(40)]
    sent += [(10.0 * n + 3.0, (4, 5), n) for n in range(40) if n % 10 == 0 or n > 20]
    assert [lacking(joined) for _, joined in join(sent)][-10:] == [[]] * 10
    assert [of(joined) for _, joined in join(sent)][-10:] == [{n} for n in range(30, 40)]


def test_the_stamp_is_that_of_the_part_with_the_most_columns_in_any_order() -> None:
    many, few = part((0, 1, 2, 3), 1, ts=50.0, seq=4), part((4, 5), 1, ts=90.0)
    for parts in ((many, few), (few, many)):
        joiner: Joiner[int] = Joiner(F, ALL)
        joined = [each for i, one in enumerate(parts) for each in joiner.add(one, i, at=float(i))]
        assert [(each.part.ts, each.part.seq, each.received) for each in joined] == [(50.0, 4, 0.0)]


def test_a_stamp_may_have_a_message_of_its_own() -> None:
    joiner: Joiner[int] = Joiner(F, ALL)
    joined: list[Joined[int]] = []
    for n in range(4):
        stamp = Part((math.nan,) * F, (), 60.0 * n)
        for i, each in enumerate((part((0, 1, 2), n), stamp, part((3, 4, 5), n))):
            joined += joiner.add(each, i, at=60.0 * n + i)
    assert [each.part.ts for each in joined] == [0.0, 60.0, 120.0, 180.0]


def test_a_part_that_comes_twice_at_once_is_no_other_reading() -> None:
    joiner: Joiner[int] = Joiner(F, ALL)
    joined: list[Joined[int]] = []
    for n in range(5):
        for columns in ((0, 1), (0, 1), (2, 3, 4), (2, 3, 4), (5,), (5,)):
            joined += joiner.add(part(columns, n), n, at=60.0 * n)
    assert [each.part.values for each in joined] == [part(ALL, n).values for n in range(5)]
    assert joiner.repetitions == 15


def test_a_part_with_a_counter_that_comes_again_later_is_no_other_reading() -> None:
    joiner: Joiner[int] = Joiner(F, ALL)
    joined: list[Joined[int]] = []
    for n in range(5):
        gas, climate = part((0, 1, 2), n, seq=n), part((3, 4, 5), n, seq=n)
        for i, each in enumerate((gas, climate, gas, climate)):
            joined += joiner.add(each, n, at=60.0 * n + i)
    assert [each.part.seq for each in joined] == [0, 1, 2, 3, 4]


def test_a_jump_of_the_clock_closes_nothing() -> None:
    joiner: Joiner[int] = Joiner(F, ALL)
    joiner.add(part((0, 1, 2), 0), 0, at=0.0)
    joiner.shift(3600.0)
    assert joiner.close_due(3605.0) == []
    assert joiner.due == 3610.0
    (joined,) = joiner.add(part((3, 4, 5), 0), 1, at=3606.0)
    assert joined.received == 3600.0


def test_a_time_stamp_of_its_own_outlives_a_restart_without_the_rest() -> None:
    before: Joiner[int] = Joiner(F, ALL)
    before.add(part((), 0, ts=5.0), 0, key=7, at=0.0)
    after: Joiner[int] = Joiner(F, ALL)
    after.restore(before.snapshot(), 0)
    assert after.add_again(7, 0)
    (joined,) = after.add(part(ALL, 0), 1, at=1.0)
    assert (joined.part.values, joined.part.ts, joined.saved) == (part(ALL, 0).values, 5.0, True)


def test_a_snapshot_lets_go_of_the_messages_but_the_last() -> None:
    joiner: Joiner[int] = Joiner(F, ALL)
    for i in range(100):
        joiner.add(part((0,), 0), i, at=0.0)
    joiner.snapshot()
    assert not joiner.carriers
    (joined,) = joiner.add(part((1, 2, 3, 4, 5), 0), 100, at=1.0)
    assert joined.carriers == [99, 100]


def test_parts_of_columns_that_are_not_wanted_any_more_are_refused() -> None:
    before: Joiner[int] = Joiner(F, ALL)
    before.add(part((0,), 0), 0, at=0.0)
    after: Joiner[int] = Joiner(F, ALL[1:])
    with pytest.raises(ValueError, match="other columns"):
        after.restore(before.snapshot(), 0)
