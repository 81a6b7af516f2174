"""Components are chosen by their chances, and restricted to ranges."""

from __future__ import annotations

import numpy as np
import pytest

from edge.arrays import Singles
from edge.synthesis.conditional_mixture import ConditionalMixture

LOW, HIGH = np.array([0.0]), np.array([1.0])


def pilot(*shares: float) -> Singles:
    """A hundred rows of each component, of which these shares lie between 0 and 1."""
    return np.array([[[0.5] if i < 100 * share else [9.0] for i in range(100)] for share in shares], dtype=np.float32)


def test_choices_come_as_often_as_their_chances() -> None:
    mixture = ConditionalMixture.unconditional([1, 2, 1], 1)
    assert mixture.choose(np.array([0.0, 0.2, 0.25, 0.74, 0.75, np.nextafter(1, 0)])).tolist() == [0, 0, 1, 1, 2, 2]
    assert not mixture.bounded


def test_a_component_without_weight_is_never_chosen() -> None:
    assert set(ConditionalMixture.unconditional([0, 1, 0], 1).choose(np.linspace(0, 0.999, 50))) == {1}


def test_chances_within_a_range_count_the_share_of_rows_there_once() -> None:
    narrowed = ConditionalMixture.unconditional([0.5, 0.3, 0.2], 1).restrict(LOW, HIGH, pilot(0.2, 0.04, 1.0))
    assert narrowed is not None
    assert narrowed.component.tolist() == [0, 2]
    np.testing.assert_allclose(narrowed.chances, [1 / 3, 2 / 3])
    assert narrowed.bounded
    assert narrowed.accepts(np.array([[0.5], [1.5]], np.float32), np.array([0, 1])).tolist() == [True, False]


def test_if_rows_are_rare_in_all_components_the_least_rare_are_taken() -> None:
    narrowed = ConditionalMixture.unconditional([0.5, 0.5], 1).restrict(LOW, HIGH, pilot(0.01, 0.03))
    assert narrowed is not None
    assert narrowed.component.tolist() == [1]


def test_a_range_without_rows_gives_no_mixture() -> None:
    assert ConditionalMixture.unconditional([0.5, 0.5], 1).restrict(LOW, HIGH, pilot(0.0, 0.0)) is None


@pytest.mark.parametrize("shares", [(0.25, 0.75), (1, 3)])
def test_combined_mixtures_keep_their_shares_and_ranges(shares: tuple[float, float]) -> None:
    whole = ConditionalMixture.unconditional([0.5, 0.5], 1)
    narrowed = whole.restrict(LOW, HIGH, pilot(0.0, 1.0))
    assert narrowed is not None
    mixed = ConditionalMixture.combine([narrowed, whole], shares)
    assert mixed.component.tolist() == [1, 0, 1]
    np.testing.assert_allclose(mixed.chances, [0.25, 0.375, 0.375])
    outside = np.full((3, 1), 5.0, np.float32)
    assert mixed.accepts(outside, np.arange(3)).tolist() == [False, True, True]
