"""A station that sends at another interval than its bundle was trained on is noticed once."""

from __future__ import annotations

import pytest

from edge.readings.cadence_watch import CadenceWatch
from edge.readings.reading import Reading


def problem(watch: CadenceWatch, interval: float, count: int = 20, *, stamped: bool = True) -> str | None:
    for i in range(count):
        time = 1.8e9 + interval * i
        watch.look(Reading(station="st", values=(1.0,), ts=time if stamped else None, received=time))
    return watch.problem()


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize(
    ("interval", "sentence"),
    [
        (5.0, "its readings are 5 s apart, and those of its bundle's training were 60 s: windows are counts of"),
        (5.0, "so they are 12 times too short in time, and scores are not calibrated for that; fix: train on a record"),
        (3600.0, "so they are 60 times too long in time, and scores are not calibrated for that; fix: train on a rec"),
    ],
)  # fmt: skip
def test_another_interval_is_a_sentence_with_its_fix(interval: float, sentence: str, stamped: bool) -> None:
    found = problem(CadenceWatch(60.0), interval, stamped=stamped)
    assert found is not None
    assert sentence in found


@pytest.mark.parametrize("interval", [45.0, 60.0, 80.0])
def test_about_the_same_interval_is_none(interval: float) -> None:
    assert problem(CadenceWatch(60.0), interval) is None


def test_it_stays_the_same_sentence_until_the_interval_is_another_one_or_right() -> None:
    watch = CadenceWatch(60.0)
    first = problem(watch, 5.0)
    assert problem(watch, 5.4) == first
    assert problem(watch, 5.0, count=3) == first  # too few to judge
    assert problem(watch, 10.0) not in (first, None)
    assert problem(watch, 61.0) is None


def test_nothing_is_compared_where_the_training_had_no_time_or_too_few_readings_came() -> None:
    assert problem(CadenceWatch(None), 5.0) is None
    assert problem(CadenceWatch(60.0), 5.0, count=5) is None
    assert problem(CadenceWatch(60.0), 0.0) is None  # an array without stamps arrives at once
