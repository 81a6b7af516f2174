"""Whatever happens to a station's clock, and in whatever order, it is followed again within five good readings."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.readings.station_clock.placement import Placement
from edge.readings.station_clock.station_clock import StationClock
from tests.edge.readings.clock_scenarios import Scenario, Step, kinds

HOUR, DAY = 3600.0, 86400.0
Act = Callable[[Scenario], object]

counts = st.integers(1, 40)
offsets = st.one_of(
    st.sampled_from([0.0, HOUR, -HOUR, 2 * HOUR, -5 * HOUR, DAY, -DAY, 3000.0]), st.floats(-40 * DAY, 40 * DAY)
)
stamps = st.one_of(st.floats(-1e10, 1e10), st.sampled_from([0.0, math.inf, -math.inf, math.nan, 1e300]))
paces = st.sampled_from([0.0, 0.01, 1.0, 30.0])


def _act(name: str, **values: object) -> Act:
    return lambda scenario: getattr(scenario, name)(**values)


def _wild(drawn: list[float]) -> Act:
    return lambda scenario: scenario.wild(*drawn)


def _shared_jump(seconds: float) -> Act:
    return lambda scenario: scenario.jump(seconds, shared=True).live(1)


harmless: st.SearchStrategy[Act] = st.one_of(
    st.builds(partial(_act, "live"), count=counts),
    st.builds(partial(_act, "outage"), count=counts, live_first=st.just(False), every=st.just(0.01)),
    st.builds(partial(_act, "bare"), count=st.integers(1, 3)),
    offsets.map(_shared_jump),
)
anything: st.SearchStrategy[Act] = st.one_of(
    harmless,
    st.builds(partial(_act, "set_clock"), offset=offsets),
    st.just(_act("reboot")),
    st.builds(partial(_act, "jump"), seconds=offsets, shared=st.booleans()),
    st.builds(partial(_act, "bare"), count=counts),
    st.builds(partial(_act, "dead"), count=counts),
    st.builds(partial(_act, "outage"), count=counts, live_first=st.booleans(), every=paces, newest_first=st.booleans()),
    st.lists(stamps, max_size=12).map(_wild),
)
cadences = st.sampled_from([60.0, None])


def build(acts: list[Act]) -> Scenario:
    scenario = Scenario().live(3)
    for act in acts:
        act(scenario)
    return scenario


def step_through(clock: StationClock, steps: list[Step]) -> list[tuple[Placement, StationClock]]:
    """Place readings one by one, each by a clock that was restored from a snapshot of the one before."""
    cadence = 60.0 if clock._learnt is None else None
    placed = []
    for step in steps:
        again = StationClock(cadence)
        again.restore(clock.snapshot())
        clock = again
        if step.shift:
            clock.shift(step.shift)
        else:
            placed.append((clock.place(step.ts, step.received), clock))
    return placed


@given(st.lists(anything, max_size=8), cadences)
@settings(max_examples=300)
def test_every_reading_has_a_place_and_good_stamps_are_followed_within_five(
    acts: list[Act], cadence: float | None
) -> None:
    scenario = build(acts)
    readings = sum(not step.shift for step in scenario.steps)
    clock = StationClock(cadence)
    placements = scenario.run(clock)
    assert len(placements) == readings
    for each in placements:
        assert math.isfinite(each.ts)
        assert 0.0 <= each.elapsed < math.inf
        assert each.in_order or not each.elapsed
    after = Scenario()
    after.true, after.gateway, after.steps = scenario.true + 60.0, scenario.gateway, []
    good = after.set_clock(after.gateway).live(60).run(clock)
    assert all(each.in_order for each in good[4:]), kinds(placements + good)
    assert all(each.ts_from != "received" for each in good[4:])
    expected = [step.ts for step in after.steps]
    assert [each.ts for each in good[12:]] == expected[12:]
    assert (clock.faulty, clock.problem) == (False, None)


@given(st.lists(harmless, max_size=8), cadences)
@settings(max_examples=200)
def test_what_harms_nobody_is_in_order_and_not_spoken_of(acts: list[Act], cadence: float | None) -> None:
    clock = StationClock(cadence)
    placements = build([_act("live", count=10), *acts, _act("live", count=15)]).run(clock)
    assert all(each.in_order and not each.cut for each in placements)
    assert (kinds(placements), clock.faulty, clock.problem) == ([], False, None)


@given(st.lists(anything, max_size=6), cadences)
@settings(max_examples=100)
def test_a_restart_at_any_reading_changes_nothing(acts: list[Act], cadence: float | None) -> None:
    scenario = build(acts)
    unbroken = scenario.run(StationClock(cadence))
    assert [each for each, _ in step_through(StationClock(cadence), scenario.steps)] == unbroken


@given(st.lists(anything, max_size=6), cadences)
@settings(max_examples=100)
def test_a_clock_that_is_rebuilt_from_the_journal_goes_on_alike(acts: list[Act], cadence: float | None) -> None:
    scenario = build(acts)
    steps = [step for step in scenario.steps if not step.shift]  # the journal does not contain them
    clock, rebuilt = StationClock(cadence), StationClock(cadence)
    codes = [clock.place(step.ts, step.received).code for step in steps]
    again = [rebuilt.resume(code, step.ts, step.received).code for code, step in zip(codes, steps, strict=True)]
    assert again == codes
    assert rebuilt.snapshot() == clock.snapshot()


@given(st.lists(anything, max_size=6), st.integers(0, 30), cadences)
@settings(max_examples=100)
def test_a_journal_that_begins_anywhere_is_followed_as_it_was(
    acts: list[Act], first: int, cadence: float | None
) -> None:
    scenario = build([*acts, _act("live", count=10)])
    clock = StationClock(cadence)
    placements = scenario.run(clock)
    steps = [step for step in scenario.steps if not step.shift]
    rebuilt = StationClock(cadence)
    for placement, step in list(zip(placements, steps, strict=True))[first:]:
        again = rebuilt.resume(placement.code, step.ts, step.received)
        assert again.in_order == placement.in_order
