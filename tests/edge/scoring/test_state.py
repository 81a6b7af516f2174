"""What is remembered of a station: background, gaps, late readings, warm-up and the learnt cadence."""

from __future__ import annotations

import numpy as np
import pytest

from edge.models.background import Background
from edge.models.windows import BACKGROUND_WINDOW, WARM_UP
from edge.readings.station_clock.station_clock import StationClock
from edge.scoring.adaptation import Adaptation
from edge.scoring.state import Arrival, StationState


class Memory:
    """Notes what it has to forget."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def restart(self) -> None:
        self.calls.append("restart")

    def clear(self) -> None:
        self.calls.append("clear")


def make(cadence: float | None = 60.0, background: float | None = 1900.0) -> StationState:
    levels = None if background is None else Background()
    return StationState(
        2,
        score_state=Memory(),  # type: ignore[arg-type]
        adaptation=Adaptation(0.001),
        levels=levels,
        background=background,
        clock=StationClock(cadence),
    )


def arrive(state: StationState, ts: float | None, received: float | None = None) -> Arrival:
    """Let a reading arrive, one that was sent at once unless it is said when; return how it follows."""
    return state.arrive(ts, received if received is not None else ts or 0.0)[0]


def started(cadence: float | None = 60.0) -> StationState:
    """A state that has seen a reading at time 0."""
    state = make(cadence)
    assert arrive(state, 0.0) is Arrival.NEXT
    return state


def test_the_background_is_the_bundles_until_1500_levels_were_seen() -> None:
    state = make()
    levels = np.random.default_rng(0).uniform(2000, 9000, BACKGROUND_WINDOW).tolist()
    for level in levels[:-1]:
        state.update_background(level)
    assert state.background == 1900.0
    state.update_background(levels[-1])
    assert state.background == pytest.approx(np.quantile(levels, 0.1), rel=2e-4)


def test_a_station_without_gas_has_no_background() -> None:
    assert make(background=None).background is None


@pytest.mark.parametrize(
    ("elapsed", "arrival"),
    [
        (180.0, Arrival.NEXT),
        (180.001, Arrival.GAP),
        (240 * 60.0, Arrival.GAP),
        (240 * 60.0 + 0.001, Arrival.LONG_GAP),
    ],
)
def test_more_than_three_cadences_are_a_gap_and_more_than_240_a_long_one(elapsed: float, arrival: Arrival) -> None:
    assert arrive(started(), elapsed) is arrival


@pytest.mark.parametrize(("elapsed", "kept"), [(240 * 60.0, True), (240 * 60.0 + 0.001, False)])
def test_a_long_gap_ends_the_background_and_begins_the_warm_up_anew(elapsed: float, kept: bool) -> None:
    state = started()
    for i in range(1, WARM_UP + 1):
        assert state.warming_up
        arrive(state, 60.0 * i)
    assert not state.warming_up
    for _ in range(BACKGROUND_WINDOW):
        state.update_background(2500.0)
    arrive(state, 60.0 * WARM_UP + elapsed)
    assert state.background == pytest.approx(2500.0 if kept else 1900.0, rel=2e-4)
    assert state.warming_up == (not kept)


def test_a_gap_forgets_recent_readings_and_a_long_gap_everything() -> None:
    state = started()
    state.forget(Arrival.GAP)
    state.forget(Arrival.LONG_GAP)
    assert state.score_state.calls == ["restart", "clear"]  # type: ignore[attr-defined]


def test_without_ts_gaps_are_seen_in_the_arrival_only_where_the_cadence_is_configured() -> None:
    for cadence, arrival in ((60.0, Arrival.GAP), (None, Arrival.NEXT)):
        state = make(cadence)
        for received in (0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0):
            arrive(state, None, received)
        assert arrive(state, None, 3600.0) is arrival


def test_a_backlog_that_arrives_at_once_is_no_gap() -> None:
    state = started()
    assert {arrive(state, None, 7.0) for _ in range(100)} == {Arrival.NEXT}
    assert arrive(state, None, 60.0) is Arrival.NEXT


def test_a_reading_beside_the_order_is_counted_and_changes_nothing_else() -> None:
    state = started()
    assert arrive(state, 60.0) is Arrival.NEXT
    assert arrive(state, 59.9, 61.0) is Arrival.BESIDE
    assert state.n == 3
    assert arrive(state, 60.0, 62.0) is Arrival.NEXT  # the same time again follows: stamps may be coarse
    assert arrive(state, 240.0) is Arrival.NEXT


def test_the_cadence_is_learnt_as_the_median_of_the_last_50_intervals() -> None:
    state = make(cadence=None)
    for ts in (0.0, 10.0, 20.0, 30.0, 40.0):
        arrive(state, ts)
    assert state.cadence is None
    arrive(state, 50.0)
    assert state.cadence == 10.0
    arrive(state, 50.0)  # the same stamp twice teaches nothing about the cadence
    assert state.cadence == 10.0
    for i in range(1, 51):
        arrive(state, 50.0 + 60.0 * i)
    assert state.cadence == 60.0


def test_a_configured_cadence_is_not_learnt_over() -> None:
    state = started(cadence=5.0)
    for i in range(1, 60):
        arrive(state, 60.0 * i)
    assert state.cadence == 5.0


def test_a_clock_that_jumps_makes_no_gap() -> None:
    state = make()
    arrive(state, None)
    state.shift_clock(1e6)
    assert arrive(state, None, 1e6 + 60) is Arrival.NEXT
    assert arrive(state, None, 2e6) is Arrival.LONG_GAP


def test_a_change_of_the_clock_is_a_gap_and_never_restarts_the_warm_up() -> None:
    state = started()
    for i in range(1, 100):
        arrive(state, 60.0 * i + 1e9, 60.0 * i + 1e9)
    assert not state.warming_up
    after = [arrive(state, 60.0 * i, 60.0 * i + 1e9) for i in range(100, 120)]  # it counts from 1970 now
    assert after == [*[Arrival.NEXT] * 4, Arrival.GAP, *[Arrival.NEXT] * 15]
    assert not state.warming_up


def test_a_backlog_and_the_way_back_from_it_are_gaps_but_no_long_silence() -> None:
    state = started(cadence=60.0)
    live = [1e9 + 60.0 * i for i in range(100)]
    for ts in live:
        arrive(state, ts)
    stored = [arrive(state, 1e9 - 90_000.0 + 60.0 * i, live[-1] + 0.1 * i) for i in range(1, 31)]
    assert stored == [*[Arrival.BESIDE] * 4, Arrival.GAP, *[Arrival.NEXT] * 25]
    assert arrive(state, live[-1] + 60.0) is Arrival.GAP
    assert not state.warming_up
