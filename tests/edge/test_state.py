"""A station's past: held values, the background, gaps, late readings and the learnt cadence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.features import BACKGROUND_WINDOW, HOLD, StationState

NAN = math.nan
BAD_SECOND = (True, False)


def started(cadence: float | None = 60.0) -> StationState:
    """A state that has seen the reading (1, 2) at time 0."""
    state = StationState(2, background=1900.0, cadence=cadence)
    assert state.arrive(0.0, 0.0)
    assert state.fill((1.0, 2.0)) == (1.0, 2.0)
    return state


def test_a_flagged_channel_is_held_for_twelve_readings_and_no_longer() -> None:
    state = started()
    for i in range(HOLD):
        assert state.fill((10.0 + i, NAN), BAD_SECOND) == [10.0 + i, 2.0]
    assert state.fill((30.0, NAN), BAD_SECOND) is None
    assert state.fill((31.0, 5.0)) == (31.0, 5.0)
    assert state.fill((32.0, NAN), BAD_SECOND) == [32.0, 5.0]


def test_each_channel_is_held_by_its_own_count() -> None:
    state = started()
    for _ in range(HOLD):
        assert state.fill((9.0, 99.0), BAD_SECOND) is not None
    # The second is too old by now; the first, held since a moment ago, does not help it.
    assert state.fill((NAN, 99.0), (False, False)) is None
    assert state.fill((NAN, 7.0), (False, True)) == [9.0, 7.0]


def test_a_value_that_failed_is_never_the_one_held() -> None:
    state = started()
    assert state.fill((1.0, 99.0), BAD_SECOND) == [1.0, 2.0]
    assert state.fill((1.0, NAN), BAD_SECOND) == [1.0, 2.0]


def test_a_channel_that_never_was_good_cannot_be_held() -> None:
    state = StationState(2)
    assert state.fill((1.0, NAN), BAD_SECOND) is None
    assert state.fill((NAN, 2.0), (False, True)) == [1.0, 2.0]


def test_the_background_is_the_bundles_until_1500_levels_were_seen() -> None:
    state = StationState(2, background=1900.0)
    levels = np.random.default_rng(0).uniform(2000, 9000, BACKGROUND_WINDOW + 10).tolist()
    for level in levels[: BACKGROUND_WINDOW - 1]:
        state.rise(level)
    assert state.background == 1900.0
    state.rise(levels[BACKGROUND_WINDOW - 1])
    assert state.background == pytest.approx(np.quantile(levels[:BACKGROUND_WINDOW], 0.1))
    for level in levels[BACKGROUND_WINDOW:]:
        state.rise(level)
    assert state.background == pytest.approx(np.quantile(levels[10:], 0.1))


def test_a_station_without_gas_has_no_background() -> None:
    assert StationState(2).background is None


@pytest.mark.parametrize(("elapsed", "held"), [(180.0, True), (180.001, False)])
def test_a_gap_of_more_than_three_cadences_ends_holding(elapsed: float, held: bool) -> None:
    state = started()
    assert state.arrive(elapsed, 0.0)
    assert (state.fill((1.0, NAN), BAD_SECOND) is not None) == held


@pytest.mark.parametrize(("elapsed", "kept"), [(240 * 60.0, True), (240 * 60.0 + 0.001, False)])
def test_a_gap_of_more_than_240_cadences_ends_the_background(elapsed: float, kept: bool) -> None:
    state = started()
    for _ in range(BACKGROUND_WINDOW):
        state.rise(2500.0)
    state.arrive(elapsed, 0.0)
    assert state.background == (2500.0 if kept else 1900.0)


def test_without_ts_gaps_are_seen_in_the_arrival_only_where_the_cadence_is_configured() -> None:
    for cadence, held in ((60.0, False), (None, True)):
        state = StationState(2, cadence=cadence)
        for received in (0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0):
            state.arrive(None, received)
        state.fill((1.0, 2.0))
        state.arrive(None, 3600.0)
        assert (state.fill((1.0, NAN), BAD_SECOND) is not None) == held


def test_a_backlog_that_arrives_at_once_is_no_gap() -> None:
    state = started()
    for _ in range(100):
        state.arrive(None, 7.0)
        assert state.fill((1.0, 2.0)) is not None
    state.arrive(None, 60.0)
    assert state.fill((1.0, NAN), BAD_SECOND) == [1.0, 2.0]


def test_a_late_reading_is_counted_and_changes_nothing() -> None:
    state = started()
    assert state.arrive(60.0, 0.0)
    assert not state.arrive(59.9, 0.0)
    assert state.n == 3
    assert state.arrive(60.0, 0.0)  # the same time again is not late: stamps may be coarse
    assert state.fill((1.0, NAN), BAD_SECOND) == [1.0, 2.0]


def test_the_cadence_is_learnt_as_the_median_of_the_last_50_intervals() -> None:
    state = StationState(2)
    times = np.cumsum([0.0, *[10.0] * 4]).tolist()
    for ts in times:
        state.arrive(ts, 0.0)
    assert state.cadence is None
    state.arrive(50.0, 0.0)
    assert state.cadence == 10.0
    state.arrive(50.0, 0.0)  # the same stamp twice says nothing of the cadence
    assert state.cadence == 10.0
    for i in range(1, 51):
        state.arrive(50.0 + 60.0 * i, 0.0)
    assert state.cadence == 60.0


def test_a_configured_cadence_is_not_learnt_over() -> None:
    state = started(cadence=5.0)
    for i in range(1, 60):
        state.arrive(60.0 * i, 0.0)
    assert state.cadence == 5.0
