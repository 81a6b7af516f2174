"""A climate outside the range of the training is a matter of degree, and hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundles.bundle import Bundle
from edge.scoring.scorer import Scorer
from tests.edge.scoring.fed_scorer import KEYS, ROWS, changed, feed, readings


@pytest.fixture(scope="module")
def ae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def warmer(ae: Bundle, share: float) -> list[list[float]]:
    """Rows that leave the trained range of the temperature by a share of it, from the hundredth on."""
    low, high = ae.scoring().domain["temperature_c"]
    return [
        changed(row, temperature_c=high + share * (high - low) if i >= 100 else row[KEYS.index("temperature_c")])
        for i, row in enumerate(ROWS[:180])
    ]


def test_climate_a_little_outside_the_trained_range_is_reported_and_changes_no_state(ae: Bundle) -> None:
    found = feed(Scorer(ae), readings(warmer(ae, 0.05)))
    assert (found[99].out_of_domain, found[99].out_of_domain_degree) == ((), 0.0)
    assert (found[100].out_of_domain, found[100].out_of_domain_degree) == (("temperature_c",), 0.05)
    assert "out_of_domain" not in {verdict.state for verdict in found}


def test_climate_far_outside_for_half_of_the_last_sixty_readings_is_another_domain(ae: Bundle) -> None:
    found = feed(Scorer(ae), readings(warmer(ae, 0.3)))
    assert {verdict.out_of_domain_degree for verdict in found[100:]} == {0.3}
    assert "out_of_domain" not in {verdict.state for verdict in found[:130]}
    later = found[130:]
    assert {verdict.state for verdict in later} <= {"alarm", "out_of_domain"}
    assert all((verdict.state == "alarm") == bool(verdict.exceeds) for verdict in later)


def test_no_state_hides_an_exceedance(ae: Bundle) -> None:
    found = feed(Scorer(ae, exceedances_per_1000=1000, limit=1001.0), readings(warmer(ae, 0.3)))
    assert {verdict.state for verdict in found} == {"alarm"}
    assert set(found[170].exceeds) == {"methane", "consistency", "reconstruction"}
