"""Thresholds of a scorer follow its stations and take over which alarms stand; their shifts are published."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from edge.bundles.bundle import Bundle
from edge.models.windows import WARM_UP
from edge.scoring.decision import Decision
from edge.scoring.scorer import Scorer
from edge.scoring.verdict import Shift
from tests.edge.scoring.fed_scorer import ROWS, changed, feed, readings


@pytest.fixture(scope="module")
def ae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def test_a_threshold_knows_which_alarms_stand_before_the_next_reading_of_the_batch(ae: Bundle) -> None:
    scorer = Scorer(ae, exceedances_per_1000=500, adapt=True)
    state = scorer.new_state()
    feed(scorer, readings(ROWS[:62]), state=state)
    stands = []

    def follow(decision: Decision) -> tuple[str, ...]:
        stands.append(state.adaptation.learnt["consistency"].standing is not None)
        return ("consistency",) if 10 <= len(stands) < 20 else ()

    scorer.decide([(state, item) for item in readings(ROWS[100:150], 100)], follow)
    assert [number for number, one in enumerate(stands) if one] == [*range(10, 20)]


def test_the_onset_learns_from_readings_that_the_analyser_calls_quiet_alone(ae: Bundle) -> None:
    def shift(level: float) -> float:
        scorer = Scorer(ae, adapt=True)
        state = scorer.new_state()
        feed(scorer, readings([changed(row, ch4_ppb=level) for row in ROWS[:150]]), state=state)
        assert state.adaptation.shift("consistency") != 0
        return state.adaptation.shift("methane")

    assert shift(2000.0) != 0
    assert shift(9000.0) == 0
    absent = Scorer(ae, absent=("ch4_ppb",), adapt=True)
    found = feed(absent, readings(ROWS[:150]))
    assert {verdict.shift.methane for verdict in found} == {None}
    assert found[-1].shift.consistency is not None


def test_the_shift_is_what_the_threshold_had_moved_by_and_null_where_it_is_fixed(ae: Bundle) -> None:
    items = readings(ROWS[:200])
    fixed, moved = feed(Scorer(ae), items), feed(Scorer(ae, adapt=True), items)
    assert {verdict.shift for verdict in fixed} == {Shift()}
    assert moved[WARM_UP].shift.consistency == 0.0
    base = -math.log10(Scorer(ae).rate)
    for verdict in moved[WARM_UP:]:
        assert verdict.consistency is not None
        assert verdict.shift.consistency is not None
        assert ("consistency" in verdict.exceeds) == (verdict.consistency.score >= base + verdict.shift.consistency)


def test_thresholds_stay_unless_they_are_to_adapt_and_do_not_move_in_the_warm_up(ae: Bundle) -> None:
    for adapt in (False, True):
        scorer = Scorer(ae, adapt=adapt)
        state = scorer.new_state()
        feed(scorer, readings(ROWS[:WARM_UP]), state=state)
        assert state.adaptation.learnt == {}
        feed(scorer, readings(ROWS[WARM_UP:100], WARM_UP), state=state)
        assert bool(state.adaptation.learnt) == adapt
