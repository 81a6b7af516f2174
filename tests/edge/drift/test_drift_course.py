"""The window's distance from the training and the Page-Hinkley sums, on quantities made for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.arrays import Floats
from edge.drift.drift_course import DriftCourse
from edge.drift.drift_reference import BLOCK, WINDOW, DriftReference, quantities

SIZE = 3  # two channels and the reconstruction error


def make_reference(**changes: Floats) -> DriftReference:
    """A training of which every quantity was a standard normal one."""
    levels = np.sort(np.random.default_rng(1).normal(size=(40_000, SIZE)), axis=0)
    quantiles = np.quantile(levels, (np.arange(WINDOW) + 0.5) / WINDOW, axis=0)
    one = np.ones(SIZE)
    return DriftReference(**{"quantiles": quantiles, "distance": one, "slack": 0.5 * one, "sum": 4 * one} | changes)


def normal(blocks: int, shift: tuple[float, ...] = (0.0, 0.0, 0.0), seed: int = 2) -> list[Floats]:
    rows = np.random.default_rng(seed).normal(size=(blocks * BLOCK, SIZE)) + shift
    return list(rows.reshape(blocks, BLOCK, SIZE))


def course_of(blocks: list[Floats]) -> DriftCourse:
    course = DriftCourse(make_reference())
    for block in blocks:
        course.push(block)
    return course


def test_readings_like_the_training_are_near_it() -> None:
    course = course_of(normal(200))
    assert course.full
    assert (course.distance < 0.4).all()
    assert (course.sum < 1).all()


def test_the_distance_is_how_far_a_channel_has_shifted() -> None:
    course = course_of(normal(50, (0.0, -3.0, 0.0)))
    assert course.distance[1] == pytest.approx(3.0, abs=0.3)
    assert course.distance[0] < 0.4
    assert course.sum[1] > 2 > course.sum[0]


def test_the_distance_sees_another_spread_as_well() -> None:
    course = DriftCourse(make_reference())
    for block in normal(50):
        course.push(block * (8.0, 1.0, 1.0))
    assert course.distance[0] > 1.5 > course.distance[1]


def test_the_distance_is_unknown_until_the_window_is_full() -> None:
    blocks = normal(WINDOW // BLOCK, (9.0, 9.0, 9.0))
    assert (course_of(blocks[:-1]).distance == 0).all()
    assert (course_of(blocks).distance > 5).all()


def test_the_sum_finds_a_small_change_that_lasts() -> None:
    course = course_of(normal(60, (1.0, 0.0, 0.0)))
    assert course.distance[0] < 1.5
    assert course.sum[0] > 2


def test_a_sum_has_an_end_and_falls_again() -> None:
    course = course_of(normal(500, (5.0, 0.0, 0.0)))
    assert course.sum[0] == 3.0
    for block in normal(80, seed=4):
        course.push(block)
    assert course.sum[0] < 0.5


def test_one_wild_block_does_not_fill_a_sum() -> None:
    assert (course_of([*normal(20), *normal(1, (1e9, 1e9, 1e9)), *normal(1)]).sum < 1).all()


def test_of_the_reconstruction_error_only_a_rise_counts() -> None:
    fallen, risen = course_of(normal(50, (0.0, 0.0, -4.0))), course_of(normal(50, (0.0, 0.0, 4.0)))
    assert (fallen.distance[2], fallen.sum[2]) == (pytest.approx(0.0, abs=0.01), 0.0)
    assert risen.distance[2] > 3
    assert risen.sum[2] > 2


def test_what_is_missing_raises_nothing() -> None:
    course = DriftCourse(make_reference())
    for block in normal(50, (0.0, 0.0, 5.0)):
        block[:, 2] = math.nan
        course.push(block)
    assert (course.distance[2], course.sum[2]) == (0.0, 0.0)
    assert course.distance[0] < 0.4


def test_one_wild_value_and_a_plume_are_no_drift() -> None:
    course = DriftCourse(make_reference())
    for number, block in enumerate(normal(100)):
        if number == 50:
            block[3, 0] = 1e30
        if number == 60:
            block[:, 1] += 500.0
        course.push(block)
        assert (course.distance < 0.6).all()
        assert (course.sum < 1).all()


def test_what_is_missing_stays_as_far_as_it_was() -> None:
    course = course_of(normal(50, (0.0, 0.0, 5.0)))
    before = course.distance[2], course.sum[2]
    for block in normal(3, seed=5):
        block[::2, 2] = math.nan
        course.push(block)
        assert (course.distance[2], course.sum[2]) == before
    for block in normal(200, seed=6):
        course.push(block)
    assert course.distance[2] < 0.4


def test_a_course_goes_on_where_its_snapshot_was_made() -> None:
    blocks = normal(40, (0.7, 0.0, 0.0))
    whole, before = course_of(blocks), course_of(blocks[:25])
    after = DriftCourse(make_reference())
    after.restore(before.snapshot())
    for block in blocks[25:]:
        after.push(block)
    assert after.distance == pytest.approx(whole.distance, rel=1e-6)
    assert after.sum == pytest.approx(whole.sum, rel=1e-6)


def test_the_snapshot_of_other_channels_is_refused() -> None:
    wide = DriftReference(np.zeros((WINDOW, 5)), np.ones(5), np.ones(5), np.ones(5))
    with pytest.raises(ValueError, match="shape"):
        DriftCourse(wide).restore(course_of(normal(3)).snapshot())


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("quantiles", np.zeros((5, SIZE))),
        ("distance", np.array([1.0, 0.0, 1.0])),
        ("slack", np.ones(2)),
        ("sum", np.array([1.0, math.nan, 1.0])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: Floats) -> None:
    with pytest.raises(ValueError, match="drift"):
        make_reference(**{name: array})


def test_an_error_of_nothing_has_no_logarithm() -> None:
    found = quantities(np.zeros((3, 2)), np.array([math.e, 0.0, math.nan]))
    assert found[:, :2].tolist() == [[0, 0]] * 3
    assert found[0, 2] == pytest.approx(1.0)
    assert np.isnan(found[1:, 2]).all()
