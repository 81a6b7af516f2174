"""A decision becomes a verdict, rounded to its significant digits."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.readings.quality import FAIL, GOOD, MISSING
from edge.readings.reading import Reading
from edge.readings.station_clock.placement import Placement
from edge.scoring.decision import Context, Decision
from edge.scoring.row_scores import RowScores
from edge.scoring.state import Arrival
from edge.scoring.verdict import Shift, Verdict
from edge.scoring.verdict_builder import VerdictBuilder, round_score

KEYS = ("a", "b", "c", "d")


def build(exceeds: tuple[str, ...] = (), flags: list[int] | None = None, **scores: Any) -> Verdict:
    model: Any = SimpleNamespace(keys=KEYS, virtual=None)
    reading = Reading(station="st-1", values=(1.0,) * len(KEYS), received=0.0)
    context = Context(1, Arrival.NEXT, Placement(True, 0.0, False, False, 0.0, "received", None))
    return VerdictBuilder(model, None, "x").build(
        Decision(reading, context, RowScores(**scores), flags, exceeds, None, suspect=False)
    )


def written_with(value: float, digits: int) -> bool:
    return float(f"{value:.{digits}g}") == value


@given(st.floats(0.0, 12.0))
def test_a_score_has_four_decimals(score: float) -> None:
    rounded = round_score(score)
    assert rounded is not None
    assert float(f"{rounded:.4f}") == rounded
    assert abs(rounded - score) <= 0.5001e-4


@pytest.mark.parametrize(("score", "expected"), [(math.nan, None), (-1e-9, 0.0), (-0.0, 0.0)])
def test_no_score_is_none_and_no_score_is_minus_zero(score: float, expected: float | None) -> None:
    rounded = round_score(score)
    assert (rounded, rounded is None or math.copysign(1.0, rounded)) == (expected, expected is None or 1.0)


@given(st.one_of(st.floats(0.0, 12.0), st.integers(0, 12).map(float)))
def test_a_p_value_has_three_significant_digits(score: float) -> None:
    consistency = build(consistency=score, culprit=1).consistency
    assert consistency is not None
    assert consistency.culprit == "b"
    assert written_with(consistency.p, 3)
    assert consistency.p == pytest.approx(10.0**-score, rel=5.01e-3)


def test_a_consistency_that_exceeds_says_which_channels_are_strangest() -> None:
    scores: dict[str, Any] = {"consistency": 4.0, "culprit": 3, "strangeness": [1.0, math.nan, 2.5, 7.12345]}
    found = build(("consistency",), **scores).consistency
    assert found is not None
    assert list(found.contributions.items()) == [("d", 7.123), ("c", 2.5), ("a", 1.0)]
    quiet = build(**scores).consistency
    assert quiet is not None
    assert quiet.contributions == {}


def test_a_channel_that_broke_a_rule_contributes_whatever_was_filled_in_for_it() -> None:
    scores = {"consistency": 12.0, "culprit": 0, "strangeness": [0.1, 3.0, 2.0, 1.0]}
    found = build(("consistency",), [FAIL, GOOD, MISSING, GOOD], **scores).consistency
    assert found is not None
    assert found.contributions == {"a": 1.0, "c": 1.0}


def test_a_missing_gas_level_that_is_excused_contributes_nothing() -> None:
    scores = {"consistency": 4.0, "culprit": 1, "strangeness": [0.0, 3.0, 2.0, 1.0]}
    found = build(("consistency",), [MISSING, GOOD, GOOD, GOOD], **scores).consistency
    assert found is not None
    assert found.contributions == {"b": 3.0, "c": 2.0, "d": 1.0}


@given(st.floats(1e-12, 1e12))
def test_an_error_has_four_significant_digits_and_the_three_largest_parts_are_named(error: float) -> None:
    verdict = build(reconstruction=1.0, error=error, contributions=[0.3 * error, 0.1 * error, 0.6 * error, 0.0])
    assert verdict.reconstruction is not None
    assert list(verdict.contributions) == ["c", "a", "b"]
    for value, share in ((verdict.reconstruction.error, 1.0), (verdict.contributions["c"], 0.6)):
        assert written_with(value, 4)
        assert value == pytest.approx(share * error, rel=5.01e-4)


def test_where_nothing_was_measured_nothing_is_reported() -> None:
    verdict = build()
    assert (verdict.consistency, verdict.reconstruction, verdict.methane) == (None, None, None)
    assert (verdict.contributions, verdict.state) == ({}, "ok")


def test_no_shift_is_minus_zero() -> None:
    shift = Shift.from_shifts((None, -1e-7, 0.12346))
    assert msgspec.json.encode(shift) == b'{"methane":null,"consistency":0.0,"reconstruction":0.1235}'
