"""Thresholds adapt to the requested rate, within bounds, and not while an alarm is young."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.scoring.adaptation import FREEZE, Adaptation


def test_the_realised_rate_comes_near_the_requested_one_though_the_table_is_wrong() -> None:
    scores = -np.log10(np.random.default_rng(0).random(20_000) / 4)  # four times too many small p-values
    static, adaptive = Adaptation(0.01, adapt=False), Adaptation(0.01)
    realised = [np.mean([one.decide("consistency", score) for score in scores]) for one in (static, adaptive)]
    assert realised[0] == pytest.approx(0.04, abs=0.005)
    assert realised[1] < 0.016  # the floor, a tenth of the request, costs some of it


def test_the_rate_never_falls_below_a_tenth_so_that_gross_faults_are_still_found() -> None:
    adaptation = Adaptation(0.001)
    for _ in range(1000):
        adaptation.decide("consistency", 12.0)
    assert adaptation.rates["consistency"] == pytest.approx(1e-4)
    assert adaptation.decide("consistency", 4.1)


def test_it_is_frozen_while_an_alarm_is_young() -> None:
    adaptation = Adaptation(0.01)
    adaptation.freeze("consistency")
    for _ in range(30):
        adaptation.decide("consistency", 12.0)
    assert "consistency" not in adaptation.rates
    adaptation.decide("consistency", 12.0)
    assert adaptation.rates["consistency"] < 0.01


def test_each_kind_has_its_own_rate_and_the_threshold_is_the_one_that_was_used() -> None:
    adaptation = Adaptation(0.01)
    assert adaptation.threshold("methane") == pytest.approx(2.0)
    adaptation.decide("methane", 12.0)
    assert adaptation.threshold("methane") == pytest.approx(2.0)
    adaptation.decide("methane", 0.0)
    assert adaptation.threshold("methane") == pytest.approx(-math.log10(0.01 + 0.005 * (0.01 - 1)))
    assert adaptation.threshold("consistency") == pytest.approx(2.0)


def test_another_request_starts_anew() -> None:
    adaptation = Adaptation(0.01)
    adaptation.decide("methane", 12.0)
    adaptation.request(0.001)
    assert adaptation.rates == {}
    assert adaptation.threshold("methane") == pytest.approx(3.0)


def test_what_was_learnt_outlives_a_restart_unless_another_rate_is_requested() -> None:
    before = Adaptation(0.01)
    for score in (0.0, 5.0, 0.0):
        before.decide("methane", score)
    before.freeze("methane")
    after, other = Adaptation(0.01), Adaptation(0.02)
    for each in (after, other):
        each.restore(before.snapshot())
    assert after.rates == before.rates
    assert other.rates == {}
    for _ in range(FREEZE + 1):
        assert after.rates == before.rates
        assert [each.decide("methane", 0.0) for each in (after, before)] == [False, False]
    with pytest.raises(ValueError, match=r"malformed|[Ee]xpected|truncated"):
        after.restore(b"no snapshot")
