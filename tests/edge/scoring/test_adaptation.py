"""Thresholds keep the requested rate without a floor, wait for alarms, and go on after a restart."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from config.settings.alarms import AlarmRule
from edge.scoring.adaptation import Adaptation
from edge.scoring.following import moved
from edge.scoring.pace import NORMAL_AFTER

KIND = "consistency"


def feed(adaptation: Adaptation, scores: list[float], **how: bool) -> list[bool]:
    found = []
    for score in scores:
        found.append(adaptation.decide(KIND, score, **how))
        adaptation.settle()
    return found


@pytest.mark.parametrize("rate", [0.01, 0.001])
@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_rate_becomes_the_requested_one_whatever_the_scores_are(rate: float, factor: float) -> None:
    scores = np.minimum(12.0, factor * np.random.default_rng(2).exponential(0.434, 20_000))
    exceeds = np.array(feed(Adaptation(rate), scores.tolist()))
    assert exceeds[2000:].mean() == pytest.approx(rate, rel=0.35)
    assert exceeds[:2000].sum() <= max(8, 1.5 * rate * 2000)


@pytest.mark.parametrize(("rate", "most"), [(0.01, 30), (0.001, 8)])
def test_a_place_that_nobody_has_seen_costs_few_exceedances(rate: float, most: int) -> None:
    assert sum(feed(Adaptation(rate), [12.0] * 2000)) <= most
    assert sum(feed(Adaptation(rate), [7.0] * 2000)) <= most


def test_the_threshold_can_exceed_the_highest_score_and_comes_down_again() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [12.0] * 200)
    assert adaptation.threshold(KIND) > 12.0
    feed(adaptation, [0.0] * 4000)
    assert adaptation.threshold(KIND) < 2.0


def test_the_threshold_of_an_onset_stays_within_reach_of_a_plume() -> None:
    adaptation = Adaptation(0.001)
    for _ in range(300):
        adaptation.decide("methane", 12.0)
        adaptation.settle(())
    assert 1.0 < adaptation.shift("methane") < 1.2


def test_three_of_five_open_an_alarm_before_the_threshold_has_risen() -> None:
    adaptation = Adaptation(0.001)
    assert feed(adaptation, [3.1, 0.0, 3.1, 0.0, 3.1]) == [True, False, True, False, True]
    assert adaptation.stands
    assert adaptation.decide(KIND, 4.0) is False
    assert adaptation.threshold(KIND) > 5.9


def test_an_alarm_is_judged_by_the_threshold_that_opened_it() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [0.0] * 100)
    opening = adaptation.threshold(KIND)
    feed(adaptation, [9.0] * 3)
    feed(adaptation, [3.0] * 500)
    assert adaptation.stands
    assert adaptation.threshold(KIND) > 3.0
    assert adaptation.judge(KIND) == pytest.approx(opening, abs=0.05)
    feed(adaptation, [0.5] * 9)
    assert adaptation.stands
    feed(adaptation, [0.5])
    assert not adaptation.stands


def test_after_an_alarm_the_threshold_takes_back_what_it_was_taught() -> None:
    short = Adaptation(0.001)
    feed(short, [0.0] * 50 + [9.0] * 3 + [0.0] * 30)
    risen = short.shift(KIND)
    assert not short.stands
    feed(short, [0.0] * 70)
    assert short.shift(KIND) < risen - 0.8


def test_what_stands_for_long_is_taken_as_normal_and_not_before() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [5.0] * (3 + NORMAL_AFTER - 1))
    assert adaptation.stands
    assert adaptation.ended() == {}
    adaptation.decide(KIND, 5.0)
    assert adaptation.ended() == {KIND: True}
    adaptation.settle()
    assert not adaptation.stands
    assert adaptation.judge(KIND) == adaptation.threshold(KIND)


def test_a_broken_rule_exceeds_and_teaches_nothing_for_as_long_as_it_lasts() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [0.0] * 10)
    before = adaptation.shift(KIND)
    assert all(feed(adaptation, [12.0] * (2 * NORMAL_AFTER), broken=True))
    assert adaptation.stands
    assert adaptation.ended() == {}
    feed(adaptation, [0.0])
    assert adaptation.shift(KIND) == pytest.approx(before, abs=0.01)


def test_a_reading_beside_the_order_changes_nothing() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [0.0] * 10)
    before = adaptation.snapshot()
    assert adaptation.decide(KIND, 12.0, counts=False)
    assert not adaptation.decide(KIND, 1.0, counts=False)
    after = Adaptation(0.01)
    after.restore(before)
    assert feed(after, [1.9] * 5) == feed(adaptation, [1.9] * 5)


def test_the_gateway_says_which_alarms_stand() -> None:
    adaptation = Adaptation(0.01)
    adaptation.decide(KIND, 9.0)
    adaptation.settle(())
    adaptation.decide(KIND, 9.0)
    adaptation.settle((KIND,))  # its rule is another one
    assert adaptation.stands
    for _ in range(100):
        adaptation.decide(KIND, 0.0)
        adaptation.settle((KIND,))  # latched
    assert adaptation.stands
    adaptation.settle(())
    assert not adaptation.stands


def test_an_alarm_below_a_fallen_threshold_fades_although_readings_hover_under_it() -> None:
    adaptation = Adaptation(0.01, rules={KIND: AlarmRule(clear_after=10, deadband=0.5)})
    feed(adaptation, [0.4] * 200)
    assert adaptation.threshold(KIND) < 1.5
    feed(adaptation, [3.0] * 3)
    hovering = adaptation.judge(KIND) - 0.1
    feed(adaptation, [hovering] * 29)
    assert adaptation.stands
    feed(adaptation, [hovering])
    assert not adaptation.stands


def test_fixed_kinds_and_fixed_thresholds_do_not_move() -> None:
    for adaptation in (Adaptation(0.01, adapt=False), Adaptation(0.01, fixed=(KIND,))):
        assert feed(adaptation, [12.0] * 100) == [True] * 100
        assert adaptation.threshold(KIND) == pytest.approx(2.0)
        assert adaptation.learnt == {}
    assert Adaptation(0.01, adapt=False).shifts() == (None, None, None)
    assert Adaptation(0.01, fixed=("methane",)).shifts() == (None, 0.0, 0.0)


def test_another_request_starts_again() -> None:
    adaptation = Adaptation(0.01)
    feed(adaptation, [12.0] * 10)
    adaptation.request(0.001)
    assert adaptation.learnt == {}
    assert adaptation.threshold(KIND) == pytest.approx(3.0)


@pytest.mark.parametrize("past", [[0.0] * 300, [12.0], [0.0] * 60 + [9.0] * 40, [9.0] * 3 + [0.0] * 35])
def test_what_was_learnt_outlives_a_restart_unless_another_rate_is_requested(past: list[float]) -> None:
    before = Adaptation(0.01)
    feed(before, past)
    after, other = Adaptation(0.01), Adaptation(0.02)
    for each in (after, other):
        each.restore(before.snapshot())
    assert other.learnt == {}
    future = np.random.default_rng(1).exponential(1.0, 500).tolist()
    assert feed(after, future) == feed(before, future)
    assert after.snapshot() == before.snapshot()
    assert len(before.snapshot()) < 200


def test_rates_of_an_earlier_version_are_converted_but_not_that_of_the_onset() -> None:
    old = msgspec.msgpack.encode((0.001, {KIND: 0.0005, "reconstruction": 0.004, "methane": 1e-4}, {KIND: 12}))
    adaptation = Adaptation(0.001)
    adaptation.restore(old)
    assert adaptation.rates() == pytest.approx({KIND: 0.0005, "reconstruction": 0.004})
    assert adaptation.shift(KIND) == pytest.approx(math.log10(2))


def test_a_rule_that_looks_at_many_readings_survives_a_restart() -> None:
    patient = {KIND: AlarmRule(m_of_n=(40, 90), clear_after=70)}
    adaptation = Adaptation(0.5, rules=patient)
    feed(adaptation, [9.0] * 300)
    assert adaptation.learnt[KIND].recent.bit_length() > 64
    resumed = Adaptation(0.5, rules=patient)
    resumed.restore(adaptation.snapshot())
    assert resumed.learnt == adaptation.learnt


def test_what_the_scores_of_one_bundle_have_taught_is_not_for_those_of_another() -> None:
    adaptation = Adaptation(0.001, source="one")
    feed(adaptation, [9.0] * 300)
    same, other = Adaptation(0.001, source="one"), Adaptation(0.001, source="two")
    for each in (same, other):
        each.restore(adaptation.snapshot())
    assert same.learnt == adaptation.learnt
    assert other.learnt == {}


@pytest.mark.parametrize(
    "snapshot",
    [
        b"no snapshot",
        b"[no snapshot",
        msgspec.msgpack.encode((0.001, {KIND: 0.0}, {})),
        msgspec.msgpack.encode((2, 0.001, {KIND: [math.nan, 0.0, 1.0, 0, 0, None, None, None]}, "")),
        msgspec.msgpack.encode((2, 0.001, {KIND: [1e300, 0.0, 1.0, 0, 0, None, None, None]}, "")),
        msgspec.msgpack.encode((2, 0.001, {KIND: [0.0, 0.0, 1.0, -1, 0, None, None, None]}, "")),
    ],
)
def test_what_is_no_snapshot_is_refused_and_nothing_changes(snapshot: bytes) -> None:
    adaptation = Adaptation(0.001)
    with pytest.raises(ValueError, match=r"malformed|[Ee]xpected|truncated|not finite"):
        adaptation.restore(snapshot)
    assert adaptation.learnt == {}


def test_the_whole_range_of_scores_takes_four_decades_of_steps() -> None:
    assert moved(3.9) > 12.0
    assert moved(-2.0) == -2.0
    assert np.all(np.diff([moved(x) for x in np.linspace(-3, 6, 50)]) > 0)
