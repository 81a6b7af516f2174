"""Levels have the digits that their unit makes sense of, and ppb where there is a conversion."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.models.usual_enhancement import usual_enhancement
from edge.scoring.gas_unit import GasUnit


@pytest.mark.parametrize(
    ("code", "size", "level", "rounded", "ppb"),
    [
        ("[ppb]", 2000.0, 2104.5678, 2104.6, 2104.6),
        ("[ppm]", 2.0, 2.10456789, 2.1046, 2104.6),
        ("%", 0.02, 0.0210456789, 0.021046, 210456.8),
        ("mg/m3", 0.6, 2.6123456, 2.61235, None),
        ("ug/m3", 500.0, 1234.56789, 1234.57, None),
        ("Pa", 3e6, 1234567.8, 1234568.0, None),
    ],
)
def test_levels_have_sensible_digits(code: str, size: float, level: float, rounded: float, ppb: float | None) -> None:
    unit = GasUnit(code, size)
    assert (unit.round(level), unit.to_ppb(level)) == (rounded, ppb)
    assert (unit.round(math.nan), unit.to_ppb(math.nan), unit.to_ppb(None)) == (None, None, None)


def test_only_tenths_of_ppb_are_both_at_once() -> None:
    assert GasUnit("[ppb]", 2000.0).in_tenths_of_ppb
    assert not GasUnit("[ppb]", 20.0).in_tenths_of_ppb
    assert not GasUnit("[ppm]", 2000.0).in_tenths_of_ppb


@given(st.floats(1e-6, 1e6), st.floats(0, 10), st.floats(0, 1))
def test_the_usual_enhancement_scales_with_the_unit(background: float, above: float, step: float) -> None:
    quartile = background * (1 + above)
    one = usual_enhancement(background, quartile, step * background)
    assert one >= 0.63 * max(background / 2, 5 * step * background)  # 3.16 is the farthest from 2 and from 5
    thousandfold = usual_enhancement(1000 * background, 1000 * quartile, 1000 * step * background)
    assert 0.39 < thousandfold / (1000 * one) < 2.51  # a neighbour, where rounding decides
    digits = f"{one:.3e}".partition("e")[0]
    assert digits in {"1.000", "2.000", "5.000"}


def test_air_without_any_gas_has_an_enhancement_by_the_columns_steps() -> None:
    assert usual_enhancement(0.0, 0.0, 0.01) == 0.05
    assert usual_enhancement(0.0) > 0
