"""What has drifted at a station, and that it is remembered."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.arrays import Floats
from edge.drift.drift_reference import BLOCK, EVERY, WINDOW, DriftReference
from edge.drift.drift_report import DriftReport
from edge.drift.drift_state import DriftState
from tests.edge.drift.test_drift_course import make_reference

READINGS = EVERY * WINDOW


def make_state() -> DriftState:
    return DriftState(make_reference(), ("a", "b"), lambda values: values, np.eye(2))


def feed(state: DriftState, rows: Floats, error: float = 1.0) -> DriftState:
    for row in rows:
        state.left -= 1
        if state.left < 0:
            state.add(row, error)
    return state


def rows(count: int, a: float = 0.0, b: float = 0.0, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).normal((a, b), size=(count, 2))


def test_readings_like_the_training_drift_nowhere() -> None:
    state = feed(make_state(), rows(20_000))
    assert state.full
    assert state.drifted == {}
    assert set(state.shares) == {"a", "b", "reconstruction"}


def test_a_channel_that_has_drifted_is_named_and_how_far() -> None:
    state = feed(make_state(), rows(2000, b=4.0))
    assert list(state.drifted) == ["b"]
    assert state.drifted["b"] > 1


def test_the_farthest_channel_comes_first() -> None:
    assert list(feed(make_state(), rows(READINGS, a=-4.0, b=9.0)).drifted) == ["b", "a"]


def test_the_channel_that_explains_the_others_comes_before_the_farthest() -> None:
    effects = np.array([[1.0, -2.0], [0.0, 1.0]])  # where b is predicted from a
    state = DriftState(make_reference(), ("a", "b"), lambda values: values @ effects, effects)
    feed(state, rows(READINGS, a=4.0))
    assert list(state.drifted) == ["a", "b"]
    assert state.drifted["a"] < state.drifted["b"]
    state = DriftState(make_reference(), ("a", "b"), lambda values: values @ effects, effects)
    assert list(feed(state, rows(READINGS, b=4.0)).drifted) == ["b"]


def test_a_drift_needs_more_than_one_block() -> None:
    state = feed(make_state(), rows(READINGS - EVERY * BLOCK))
    assert feed(state, rows(EVERY * BLOCK, a=90.0)).drifted == {}


def test_a_channel_that_is_as_before_has_drifted_no_longer() -> None:
    state = feed(make_state(), rows(2000, a=4.0))
    state.changed = False
    feed(state, rows(READINGS))
    assert state.drifted
    assert not state.changed
    feed(state, rows(8000))
    assert state.drifted == {}
    assert state.changed


def test_the_reconstruction_error_drifts_too() -> None:
    assert list(feed(make_state(), rows(2000), error=math.exp(5)).drifted) == ["reconstruction"]


@pytest.mark.parametrize("after", [0, 5, EVERY, 300, 1500])
def test_a_state_goes_on_where_its_snapshot_was_made(after: int) -> None:
    every = rows(4000, a=2.0)
    whole = feed(make_state(), every)
    state = make_state()
    state.restore(feed(make_state(), every[:after]).snapshot())
    feed(state, every[after:])
    assert state.drifted == whole.drifted
    assert state.shares == pytest.approx(whole.shares, abs=0.01)
    assert state.changed  # so that the alarm is looked at


def test_what_stands_outlives_a_restart_although_errors_of_before_are_not_known() -> None:
    before = feed(make_state(), rows(2000), error=math.exp(5))
    state = make_state()
    state.restore(before.snapshot())
    assert state.shares == before.shares
    state.replay(rows(199))
    feed(state, rows(2 * READINGS, seed=7), error=math.exp(5))
    assert list(state.drifted) == ["reconstruction"]
    state.changed = False
    feed(state, rows(2 * READINGS, seed=8), error=math.exp(5))
    assert not state.changed


def test_the_snapshot_of_another_bundle_is_refused() -> None:
    one, levels = np.ones(4), np.tile(np.arange(WINDOW, dtype=float)[:, None], 4)
    wide = DriftState(DriftReference(levels, one, one, one), ("a", "b", "c"), lambda values: values, np.eye(3))
    with pytest.raises(ValueError, match="drift"):
        wide.restore(feed(make_state(), rows(100)).snapshot())


def test_readings_that_came_before_pass_without_their_errors() -> None:
    state = make_state()
    state.replay(np.concatenate([rows(1000), np.full((1, 2), math.nan), rows(1000, a=5.0)]))
    assert list(state.drifted) == ["a"]


def test_the_report_says_what_is_known() -> None:
    assert DriftReport.from_state(None).state == "unknown"
    assert "train again" in str(DriftReport.from_state(None).reason)
    assert DriftReport.from_state(feed(make_state(), rows(500))).state == "filling"
    assert DriftReport.from_state(feed(make_state(), rows(READINGS))).state == "ok"
    drifted = DriftReport.from_state(feed(make_state(), rows(2000, b=4.0)))
    assert drifted.state == "drifted"
    assert list(drifted.drifted) == ["b"]
    assert next(iter(drifted.farthest)) == "b"


def test_a_station_of_which_nothing_can_be_looked_at_says_so() -> None:
    for state, known in ((feed(make_state(), rows(2000, b=4.0)), ["b"]), (make_state(), [])):
        state.left = -READINGS + 1
        assert DriftReport.from_state(state).state in {"drifted", "filling"}
        state.left -= 1
        paused = DriftReport.from_state(state)
        assert (paused.state, list(paused.drifted)) == ("paused", known)
        assert f"{READINGS} readings in a row" in str(paused.reason)
        feed(state, rows(1))
        assert DriftReport.from_state(state).state in {"drifted", "filling"}
