"""A reading without a gas level is scored as that of a station without an analyser, and is no fault."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.arrays import Mask
from edge.bundles.bundle import Bundle
from edge.models.pvalue import SCORE_CAP
from edge.models.windows import Windows
from edge.readings.reading import Reading
from edge.readings.station_clock.placement import PLACED
from edge.scoring.gas_outage import LATELY
from edge.scoring.scorer import Scorer
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber

COUNT = 1500
ROWS = simulate_chamber(COUNT, seed=11)
KEYS = load_station(METHANE).keys
SENSOR = KEYS.index("r2600_ohm")
NUMBERS = np.arange(COUNT)
TENTH = NUMBERS % 10 == 6
NIGHTS = NUMBERS % 600 >= 450
SETTLED = 300


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def readings(missing: Mask, jumps: dict[int, float] | None = None) -> list[Reading]:
    """The rows without the gas where it is missing; each jump [s] is a gap before a row."""
    values = ROWS[: len(missing)].copy()
    values[missing, 0] = math.nan
    items, time = [], 1_790_000_000.0
    for i, row in enumerate(values.tolist()):
        time += 60.0 + (jumps or {}).get(i, 0.0)
        items.append(Reading(station="pit-2", values=tuple(row), ts=time, seq=i, received=time))
    return items


def feed(scorer: Scorer, items: Sequence[Reading], size: int = 64, state: Any = None) -> list[Verdict]:
    state = state or scorer.new_state()
    batches = [items[i : i + size] for i in range(0, len(items), size)]
    return [verdict for batch in batches for verdict in scorer.score([(state, item) for item in batch])]


def numbers(verdict: Verdict) -> tuple[float, ...]:
    """Its scores, nan where there is none."""
    parts = verdict.consistency, verdict.reconstruction, verdict.methane
    return tuple(math.nan if part is None or part.score is None else part.score for part in parts)


@pytest.mark.parametrize("missing", [TENTH, NIGHTS], ids=["every tenth", "nights"])
def test_it_is_scored_as_if_the_station_never_sent_the_gas(bundle: Bundle, missing: Mask) -> None:
    found = feed(Scorer(bundle), readings(missing))
    never = feed(Scorer(bundle, absent=["ch4_ppb"]), readings(missing))
    for i in np.flatnonzero(missing & (NUMBERS >= SETTLED)).tolist():
        verdict = found[i]
        assert verdict.flags == {"ch4_ppb": 9}
        assert numbers(verdict)[:2] == pytest.approx(numbers(never[i])[:2], abs=0.02)
        assert numbers(verdict)[2] == pytest.approx(numbers(never[i])[2], abs=0.3)  # of another stretch of the past
        assert verdict.consistency is not None
        assert verdict.consistency.culprit == getattr(never[i].consistency, "culprit", None)
        assert list(verdict.contributions) == list(never[i].contributions)
        assert verdict.methane is not None
        assert verdict.methane.level_ppb is None
        assert verdict.methane.virtual_ppb is not None
    assert [v.consistency for v in found if v.n > 100 and "consistency" in v.exceeds and v.flags] == []


def test_a_thinned_window_gives_the_past_without_the_gas_too(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["ae"])
    windows = Windows(recenter=60, recenter_stride=4)
    bundle._models = {name: dataclasses.replace(model, windows=windows) for name, model in bundle._models.items()}
    missing = NUMBERS[:900] >= 800
    found = feed(Scorer(bundle), readings(missing))
    never = feed(Scorer(bundle, absent=["ch4_ppb"]), readings(missing))
    for i in range(812, 900):  # behind the readings from before the outage, of which only the medians are known
        assert numbers(found[i])[0] == pytest.approx(numbers(never[i])[0], abs=0.3)
        assert numbers(found[i])[1] == pytest.approx(numbers(never[i])[1], abs=0.02)


def test_readings_with_a_gas_level_are_scored_as_before(bundle: Bundle) -> None:
    whole = feed(Scorer(bundle), readings(NUMBERS < 0))
    found = feed(Scorer(bundle), readings(TENTH))
    present = np.flatnonzero(~TENTH & (NUMBERS >= SETTLED)).tolist()
    exceeds = [sum("consistency" in verdicts[i].exceeds for i in present) for verdicts in (whole, found)]
    assert exceeds[1] <= exceeds[0] + 0.005 * len(present)


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([1, 3, 13, 40, LATELY - 1, LATELY, LATELY + 1])),
        min_size=2,
        max_size=6,
    ),
    st.lists(st.tuples(st.integers(1, 500), st.sampled_from([400.0, 20_000.0])), max_size=3),
    st.integers(0, 500),
    st.integers(2, 200),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_batch_is_scored_exactly_like_its_readings_one_by_one(
    bundle: Bundle, stretches: list[tuple[bool, int]], jumps: list[tuple[int, float]], broken: int, size: int
) -> None:
    missing = np.concatenate([np.full(length, gone) for gone, length in stretches])[:600]
    items = readings(missing, dict(jumps))
    for i in range(broken, min(broken + 20, len(items))):  # a sensor fails as well
        values = list(items[i].values)
        values[SENSOR] = math.nan
        items[i] = replace(items[i], values=tuple(values))
    if len(items) > 50:  # and a reading comes beside the order
        items[50] = replace(items[50], ts=1_000_000_000.0)
    scorer = Scorer(bundle, adapt=True)
    assert feed(scorer, items, size) == feed(scorer, items, 1)


def test_a_sensor_that_is_missing_too_is_the_culprit(bundle: Bundle) -> None:
    items = readings(NIGHTS)
    for i in range(500, 520):
        values = list(items[i].values)
        values[SENSOR] = math.nan
        items[i] = replace(items[i], values=tuple(values))
    found = feed(Scorer(bundle), items)
    for i in range(500, 520):
        part = found[i].consistency
        assert part is not None
        assert (part.score, part.culprit) == (SCORE_CAP, "r2600_ohm")
        assert "consistency" in found[i].exceeds
        assert found[i].flags == {"ch4_ppb": 9, "r2600_ohm": 9}
    assert found[511].reconstruction is not None  # held for 12 readings, as at a station without an analyser
    assert found[512].reconstruction is None


def test_a_fault_and_a_leak_are_found_while_the_analyser_is_away(bundle: Bundle) -> None:
    items = readings(NIGHTS)
    virtual = bundle.scoring(absent=True).virtual
    assert virtual is not None
    responsive = [KEYS.index(key) for key in virtual.responsive]
    for i in range(500, 560):
        values = np.array(items[i].values)
        values[responsive] *= 0.25
        items[i] = replace(items[i], values=tuple(values.tolist()))
    items[580] = replace(items[580], values=(*items[580].values[:-1], 5 * items[580].values[-1]))
    found = feed(Scorer(bundle), items)
    assert all(verdict.by == "onset" for verdict in found[505:515])
    assert "consistency" in found[580].exceeds
    assert found[580].consistency is not None
    assert found[580].consistency.culprit == KEYS[-1]


def test_a_level_out_of_range_is_a_fault_as_ever(bundle: Bundle) -> None:
    items = readings(NUMBERS < 0)[:400]
    items[350] = replace(items[350], values=(1e9, *items[350].values[1:]))
    verdict = feed(Scorer(bundle), items)[350]
    assert verdict.flags == {"ch4_ppb": 4}
    assert verdict.consistency is not None
    assert (verdict.consistency.score, verdict.consistency.culprit) == (SCORE_CAP, "ch4_ppb")
    assert "consistency" in verdict.exceeds


def test_the_memory_for_it_is_made_when_it_is_needed_and_given_up_when_it_no_longer_is(bundle: Bundle) -> None:
    scorer = Scorer(bundle)
    state = scorer.new_state()
    items = readings((NUMBERS >= 400) & (NUMBERS < 410))
    feed(scorer, items[:400], state=state)
    assert state.outage is None
    feed(scorer, items[400:410], state=state)
    assert state.outage is not None
    assert state.without_gas == 10
    feed(scorer, items[410 : 410 + LATELY], state=state)
    assert state.outage is not None
    assert state.without_gas == 0
    feed(scorer, items[410 + LATELY : 411 + LATELY], state=state)
    assert state.outage is None


def test_a_state_rebuilt_from_the_last_readings_goes_on_like_the_one_before(bundle: Bundle) -> None:
    scorer = Scorer(bundle)
    items = readings(NIGHTS | TENTH)
    unbroken, rebuilt = scorer.new_state(), scorer.new_state()
    feed(scorer, items[:1400], state=unbroken)
    scorer.advance([(rebuilt, item) for item in items[:1400]], [PLACED] * 1400)
    assert feed(scorer, items[1400:], state=rebuilt) == feed(scorer, items[1400:], state=unbroken)


def test_a_station_that_begins_without_its_analyser_is_scored(bundle: Bundle) -> None:
    found = feed(Scorer(bundle), readings(NUMBERS[:400] < 300))
    assert found[250].consistency is not None
    assert found[250].consistency.score < SCORE_CAP
    assert found[250].reconstruction is not None
    assert found[350].flags == {}
    assert found[350].reconstruction is not None


def test_a_gas_level_that_fails_beside_the_order_before_any_was_good_is_flagged(bundle: Bundle) -> None:
    items = readings(NUMBERS[:40] < 40)
    failed = replace(items[20], values=(1e6, *items[20].values[1:]), received=items[-1].received + 1.0)
    scorer = Scorer(bundle)
    (*_, found) = feed(scorer, [*items, failed], size=1)
    assert (found.late, found.flags, found.reconstruction) == (True, {"ch4_ppb": 4}, None)
    assert found.consistency is not None
    assert found.consistency.culprit == "ch4_ppb"
