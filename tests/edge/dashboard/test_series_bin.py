"""Bins of readings: they merge to the same whatever the order, and survive their bytes."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from edge.dashboard.level_trail import LevelTrail
from edge.dashboard.series_bin import HistorySample, SeriesBin

LEVELS = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
SAMPLES = st.lists(
    st.builds(
        HistorySample, st.just(0.0), LEVELS, LEVELS, LEVELS, st.tuples(LEVELS, LEVELS, LEVELS), st.booleans(),
        st.lists(LEVELS, max_size=3),
    ),
    max_size=12,
)  # fmt: skip


def of(samples: list[HistorySample]) -> SeriesBin:
    made = SeriesBin()
    for each in samples:
        made.add(each)
    return made


def same(one: float | None, other: float | None) -> bool:
    return (one is None) == (other is None) and (one is None or other is None or math.isclose(one, other, abs_tol=0.5))


@given(SAMPLES, SAMPLES)
def test_merging_is_adding_one_after_the_other(first: list[HistorySample], second: list[HistorySample]) -> None:
    merged, whole = of(first), of(first + second)
    merged.merge(SeriesBin.unpack(of(second).pack()))
    assert (merged.n, merged.exceeding) == (whole.n, whole.exceeding)
    for one, other in ((merged.level, whole.level), (merged.background, whole.background)):
        assert one.n == other.n
        assert same(one.known, other.known)
    assert [each.n for each in merged.channels] == [each.n for each in whole.channels]
    assert str((merged.least, merged.greatest, *merged.scores)) == str((whole.least, whole.greatest, *whole.scores))


@given(SAMPLES)
def test_extremes_are_those_of_the_levels(samples: list[HistorySample]) -> None:
    levels = [each.level for each in samples if each.level is not None]
    made = of(samples)
    if levels:
        assert (made.least, made.greatest) == (min(levels), max(levels))
    else:
        assert math.isnan(made.least)
        assert made.level.known is None


def test_a_trend_is_that_of_the_last_hour() -> None:
    trail = LevelTrail()
    for minute in range(120):
        trail.add(60.0 * minute, 5000.0 if minute < 60 else 2000.0 + 10 * (minute - 60))
    trend = trail.trend(60.0 * 120)
    assert trend is not None
    assert (round(trend.per_hour), trend.word) == (600, "rising")
    assert len(trail.points(60.0 * 120)) == 59
    assert trail.trend(60.0 * 120 + 3600) is None


def test_a_level_that_stays_is_steady_and_an_old_one_is_left_out() -> None:
    trail = LevelTrail()
    for minute in range(10):
        trail.add(60.0 * minute, 2000.0 - minute * 0.1)
    trail.add(30.0, 9000.0)
    trend = trail.trend(600.0)
    assert trend is not None
    assert trend.word == "steady"
    for minute in range(10, 20):
        trail.add(60.0 * minute, 1500.0)
    falling = trail.trend(1200.0)
    assert falling is not None
    assert falling.word == "falling"
