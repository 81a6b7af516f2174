"""Readings that lack a channel, come beside the order, or follow a gap."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.models.pvalue import SCORE_CAP
from edge.models.windows import WARM_UP
from edge.readings.last_good import HOLD
from edge.scoring.scorer import Scorer
from edge.simulation.simulator import simulate_chamber
from tests.edge.scoring.fed_scorer import CH4, KEYS, ROWS, START, changed, feed, reading, readings


@pytest.fixture(scope="module")
def ae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def test_a_missing_channel_is_inconsistent_by_rule_and_held_for_twelve_readings(ae: Bundle) -> None:
    first = 200
    rows = [changed(row, ch4_ppb=2000.0) for row in ROWS[: first + HOLD + 60]]
    gone = range(first, first + HOLD + 1)
    found = feed(
        Scorer(ae), readings([changed(row, rmq4_ohm=math.nan) if i in gone else row for i, row in enumerate(rows)])
    )
    held = feed(
        Scorer(ae),
        readings([changed(row, rmq4_ohm=rows[first - 1][-1]) if i in gone else row for i, row in enumerate(rows)]),
    )
    for i in gone:
        assert found[i].flags == {"rmq4_ohm": 9}
        part = found[i].consistency
        assert part is not None
        assert (part.score, part.p, part.culprit) == (SCORE_CAP, 1e-12, "rmq4_ohm")
        assert "consistency" in found[i].exceeds
    for i in gone[:-1]:
        assert found[i].reconstruction == held[i].reconstruction
    assert (found[gone[-1]].reconstruction, found[gone[-1]].contributions) == (None, {})
    # Nobody knows what was just before the reading after it, but what is usual has not been forgotten.
    after = found[gone[-1] + 1]
    assert after.flags == {}
    assert after.reconstruction is not None


def test_a_channel_out_of_range_is_scored_as_sent_and_remembered_as_filled(ae: Bundle) -> None:
    rows = ROWS[:150]
    spike = [changed(row, temperature_c=85.0) if i == 100 else row for i, row in enumerate(rows)]
    held = [
        changed(row, temperature_c=rows[99][KEYS.index("temperature_c")]) if i == 100 else row
        for i, row in enumerate(rows)
    ]
    found, expected = feed(Scorer(ae), readings(spike)), feed(Scorer(ae), readings(held))
    assert found[100].flags == {"temperature_c": 4}
    assert found[100].consistency is not None
    assert found[100].consistency.culprit == "temperature_c"
    assert found[100].reconstruction is not None
    assert expected[100].reconstruction is not None
    assert found[100].reconstruction.error > 10 * expected[100].reconstruction.error
    assert found[101:] == expected[101:]


def test_a_station_that_never_sends_the_gas_is_scored_without_it(ae: Bundle) -> None:
    scorer = Scorer(ae, absent=["ch4_ppb"], exceedances_per_1000=1.0)
    found = feed(scorer, readings([changed(row, ch4_ppb=math.nan) for row in ROWS]))
    assert found == feed(scorer, readings([changed(row, ch4_ppb=9e4) for row in ROWS]))
    assert not any(verdict.flags for verdict in found)
    level = np.array(ROWS)[:, CH4]
    plume = [verdict for verdict, ppb in zip(found, level, strict=True) if ppb > 5000 and verdict.n > WARM_UP]
    assert plume
    found_by = [(verdict.by, "methane" in verdict.exceeds) == ("onset", True) for verdict in plume]
    assert np.mean(found_by) > 0.95
    for verdict in found[WARM_UP:]:
        assert verdict.methane is not None
        assert verdict.methane.level_ppb is None
        assert verdict.methane.background_ppb is not None
        assert verdict.consistency is not None
        assert verdict.consistency.culprit != "ch4_ppb"


def test_a_bundle_has_no_scorer_without_anything_but_the_gas(ae: Bundle) -> None:
    with pytest.raises(BundleError, match="absent: got rmq4_ohm, but this bundle has a scorer only without ch4_ppb"):
        Scorer(ae, absent=["ch4_ppb", "rmq4_ohm"])


@pytest.mark.parametrize("size", [1, 100])
def test_a_reading_beside_the_order_is_scored_and_leaves_no_trace(ae: Bundle, size: int) -> None:
    usual = readings(ROWS[:100])
    stray = replace(reading(changed(ROWS[80], ch4_ppb=9000.0), 80, ts=START - 1e6), received=START + 60 * 79.5)
    found = feed(Scorer(ae, adapt=True), [*usual[:80], stray, *usual[80:]], size)
    beside = found[80]
    assert (beside.late, beside.historical, beside.n, beside.state) == (True, False, 81, "alarm")
    assert "methane" in beside.exceeds
    assert beside.methane is not None
    assert beside.methane.level_ppb == 9000.0
    assert beside.consistency is not None
    assert beside.reconstruction is not None
    expected = feed(Scorer(ae, adapt=True), usual)
    assert [*found[:80], *(replace(verdict, n=verdict.n - 1) for verdict in found[81:])] == expected


@pytest.mark.parametrize("missing", ["rmq4_ohm", "temperature_c"])
def test_a_channel_that_a_reading_beside_the_order_lacks_is_flagged_and_the_others_are_scored(
    ae: Bundle, missing: str
) -> None:
    usual = readings(ROWS[:100])
    stray = replace(
        reading(changed(ROWS[80], **{missing: math.nan}), 80, ts=START - 86400.0), received=START + 60 * 79.5
    )
    found = feed(Scorer(ae), [*usual[:80], stray, *usual[80:]])
    assert found[80].flags == {missing: 9}
    assert "consistency" in found[80].exceeds
    assert found[80].reconstruction is not None
    expected = feed(Scorer(ae), usual)
    assert [*found[:80], *(replace(verdict, n=verdict.n - 1) for verdict in found[81:])] == expected


@pytest.mark.parametrize(("cadences", "warm"), [(100, True), (241, False)])
def test_a_gap_forgets_what_is_near_and_a_long_one_all(ae: Bundle, cadences: int, warm: bool) -> None:
    items = readings(ROWS[:200])
    gone = reading(changed(ROWS[200], rmq4_ohm=math.nan), 199 + cadences)
    found = feed(Scorer(ae), [*items, gone, *readings(ROWS[201:230], 200 + cadences)])
    assert found[200].reconstruction is None  # nothing is held over a gap
    assert (found[201].reconstruction is not None) == warm
    assert (found[201].state == "warming_up") == (not warm)


def test_a_state_rebuilt_from_the_last_2000_readings_goes_on_like_the_one_before(ae: Bundle) -> None:
    items = readings(simulate_chamber(2700, seed=8).tolist())
    scorer = Scorer(ae, adapt=True)
    unbroken, rebuilt = scorer.new_state(), scorer.new_state()
    feed(scorer, items[:2600], state=unbroken)
    feed(scorer, items[600:2600], state=rebuilt)
    rebuilt.adaptation.restore(unbroken.adaptation.snapshot())
    for one, other in zip(
        feed(scorer, items[2600:], state=unbroken), feed(scorer, items[2600:], state=rebuilt), strict=True
    ):
        assert (other.exceeds, other.state) == (one.exceeds, one.state)
        for kind in ("consistency", "reconstruction", "methane"):
            assert getattr(other, kind).score == pytest.approx(getattr(one, kind).score, abs=1e-3)
