"""Which components rows are drawn from, and how often."""

from __future__ import annotations

import numpy as np
import pytest

from edge.synthesis.conditional_mixture import ConditionalMixture

LOW, HIGH = np.array([0.0]), np.array([1.0])


def pilot(*shares: float) -> np.ndarray:
    """A hundred rows of each component, so many of which lie between 0 and 1."""
    return np.array([[[0.5] if i < 100 * share else [9.0] for i in range(100)] for share in shares], dtype=np.float32)


def test_choices_come_as_often_as_their_chances_say() -> None:
    target = ConditionalMixture.of([1, 2, 1], 1)
    assert target.choose(np.array([0.0, 0.2, 0.25, 0.74, 0.75, np.nextafter(1, 0)])).tolist() == [0, 0, 1, 1, 2, 2]
    assert not target.bounded


def test_a_component_without_weight_is_never_chosen() -> None:
    assert set(ConditionalMixture.of([0, 1, 0], 1).choose(np.linspace(0, 0.999, 50))) == {1}


def test_chances_within_a_range_count_the_share_of_rows_there_once() -> None:
    narrowed = ConditionalMixture.of([0.5, 0.3, 0.2], 1).within(LOW, HIGH, pilot(0.2, 0.04, 1.0))
    assert narrowed is not None
    assert narrowed.component.tolist() == [0, 2]
    np.testing.assert_allclose(narrowed.chances, [1 / 3, 2 / 3])
    assert narrowed.bounded
    assert narrowed.holds(np.array([[0.5], [1.5]], np.float32), np.array([0, 1])).tolist() == [True, False]


def test_where_rows_are_rare_everywhere_the_least_rare_are_taken() -> None:
    narrowed = ConditionalMixture.of([0.5, 0.5], 1).within(LOW, HIGH, pilot(0.01, 0.03))
    assert narrowed is not None
    assert narrowed.component.tolist() == [1]


def test_where_there_are_no_rows_there_is_no_target() -> None:
    assert ConditionalMixture.of([0.5, 0.5], 1).within(LOW, HIGH, pilot(0.0, 0.0)) is None


@pytest.mark.parametrize("shares", [(0.25, 0.75), (1, 3)])
def test_mixed_targets_keep_their_shares_and_ranges(shares: tuple[float, float]) -> None:
    everything = ConditionalMixture.of([0.5, 0.5], 1)
    narrowed = everything.within(LOW, HIGH, pilot(0.0, 1.0))
    assert narrowed is not None
    mixed = ConditionalMixture.mixed([narrowed, everything], shares)
    assert mixed.component.tolist() == [1, 0, 1]
    np.testing.assert_allclose(mixed.chances, [0.25, 0.375, 0.375])
    outside = np.full((3, 1), 5.0, np.float32)
    assert mixed.holds(outside, np.arange(3)).tolist() == [False, True, True]
