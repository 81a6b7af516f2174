"""Densities on both scales, and modes that stand out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.exploring.makers import MakeRecord, MakeStation
from trainer.exploring.densities import densities


def test_two_bells_are_two_modes_and_one_is_one(record: MakeRecord, plain: MakeStation) -> None:
    rng = np.random.default_rng(0)
    two = np.concatenate([rng.normal(10, 1, 1500), rng.normal(20, 1, 3000)])
    one = rng.normal(50, 3, 4500)
    found = {
        (density.axis.key, density.axis.scale): density
        for density in densities(record(np.column_stack([two, one]), plain(2)))
    }
    assert set(found) == {("c0", "linear"), ("c0", "log"), ("c1", "linear"), ("c1", "log")}
    assert found["c0", "linear"].modes == pytest.approx((20, 10), abs=0.7)  # the highest first
    assert len(found["c1", "linear"].modes) <= 2
    assert found["c1", "linear"].modes[0] == pytest.approx(50, abs=1.5)
    area = np.trapezoid(found["c1", "linear"].density, found["c1", "linear"].axis.points)
    assert area == pytest.approx(1, abs=0.02)


def test_values_that_are_not_positive_have_no_logarithm_and_a_constant_no_density(
    record: MakeRecord, plain: MakeStation
) -> None:
    values = np.column_stack([np.linspace(-1, 1, 200), np.full(200, 3.0)])
    assert [(one.axis.key, one.axis.scale) for one in densities(record(values, plain(2)))] == [("c0", "linear")]
