"""Readings become verdicts: scores, culprits, levels, flags and states, whatever they are batched with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.models.pvalue import SCORE_CAP
from edge.models.scores import Scores, ScoreState, score_rows
from edge.models.windows import WARM_UP
from edge.readings.last_good import HOLD
from edge.readings.reading import Reading
from edge.scoring.decision import Decision
from edge.scoring.scorer import Scorer
from edge.scoring.verdict import Verdict
from edge.simulation.simulator import simulate_chamber

ROWS = simulate_chamber(600, seed=5).tolist()
START = 1_790_000_000.0
KEYS = load_station(METHANE).keys
CH4 = KEYS.index("ch4_ppb")


@pytest.fixture(scope="module", params=["ae", "vae"])
def bundle(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles[request.param])


@pytest.fixture(scope="module")
def ae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def reading(values: Sequence[float], i: int = 0, **changes: Any) -> Reading:
    time = START + 60 * i
    return Reading(station="st-01", values=tuple(values), ts=changes.pop("ts", time), seq=i, received=time, **changes)


def readings(rows: Sequence[Sequence[float]], first: int = 0) -> list[Reading]:
    return [reading(row, i) for i, row in enumerate(rows, first)]


def changed(values: Sequence[float], **channels: float) -> list[float]:
    return [channels.get(key, value) for key, value in zip(KEYS, values, strict=True)]


def feed(scorer: Scorer, items: Sequence[Reading], size: int = 64, state: Any = None) -> list[Verdict]:
    state = state or scorer.new_state()
    return [
        verdict
        for i in range(0, len(items), size)
        for verdict in scorer.score([(state, item) for item in items[i : i + size]])
    ]


def spoilt(rows: Sequence[Sequence[float]]) -> list[Reading]:
    """Rows with channels missing or out of range, stray stamps, and a short and a long gap in time."""
    random = np.random.default_rng(2)
    values = np.array(rows)
    values[random.random(values.shape) < 0.01] = math.nan
    values[random.random(values.shape) < 0.01] = 1e9
    values[100:120, 4] = math.nan
    late = {300: 100, 450: 10_000}
    stray = random.random(len(rows)) < 0.03
    items, shift = [], 0
    for i, row in enumerate(values.tolist()):
        shift += late.get(i, 0)
        item = reading(row, i + shift)
        items.append(replace(item, ts=START - 1e6 * (i % 7 + 1)) if stray[i] or 200 <= i < 203 else item)
    return items


def measured(bundle: Bundle, rows: Sequence[Sequence[float]]) -> Scores:
    model = bundle.scoring()
    return score_rows(model, np.array(rows), [(ScoreState(model), len(rows))])


@pytest.mark.parametrize("size", [2, 7, 64, 600])
def test_a_batch_is_scored_exactly_like_its_readings_one_by_one(bundle: Bundle, size: int) -> None:
    scorer, items = Scorer(bundle, adapt=True), spoilt(ROWS)
    one_by_one = feed(scorer, items, 1)
    assert feed(scorer, items, size) == one_by_one
    assert {verdict.state for verdict in one_by_one} >= {"warming_up", "suspect", "alarm"}
    assert any(verdict.reconstruction is None for verdict in one_by_one[WARM_UP:450])


def test_stations_in_one_batch_do_not_see_each_other(bundle: Bundle) -> None:
    scorer = Scorer(bundle)
    streams = [spoilt(ROWS[k : k + 150]) for k in (0, 200, 400)]
    states = [scorer.new_state() for _ in streams]
    together = scorer.score(
        [pair for moment in zip(*streams, strict=True) for pair in zip(states, moment, strict=True)]
    )
    for k, stream in enumerate(streams):
        assert together[k::3] == feed(scorer, stream)


def test_the_scores_are_those_that_were_measured(bundle: Bundle) -> None:
    verdicts = feed(Scorer(bundle), readings(ROWS))[WARM_UP:]
    found = measured(bundle, ROWS)
    for kind in ("consistency", "reconstruction"):
        scores = getattr(found, kind)[WARM_UP:]
        parts = [getattr(verdict, kind) for verdict in verdicts]
        assert [part.score for part in parts] == pytest.approx(scores.tolist(), abs=1e-4)
        assert [part.p for part in parts] == pytest.approx((10.0**-scores).tolist(), rel=6e-3)
    onset = [verdict.methane.score for verdict in verdicts if verdict.methane]
    assert onset == pytest.approx(found.onset[WARM_UP:].tolist(), abs=1e-4)
    errors = [verdict.reconstruction.error for verdict in verdicts if verdict.reconstruction]
    assert errors == pytest.approx(found.error[WARM_UP:].tolist(), rel=6e-4)


def test_what_is_strange_names_its_culprit_and_its_three_largest_contributions(ae: Bundle) -> None:
    rows = [changed(row, r2600_ohm=3 * row[KEYS.index("r2600_ohm")]) if i == 300 else row for i, row in enumerate(ROWS)]
    verdict = feed(Scorer(ae), readings(rows))[300]
    assert verdict.consistency is not None
    assert verdict.consistency.culprit == "r2600_ohm"
    assert "consistency" in verdict.exceeds
    shares = measured(ae, rows).contributions[300].tolist()
    largest = sorted(zip(shares, KEYS, strict=True), reverse=True)[:3]
    assert list(verdict.contributions) == [key for _, key in largest]
    assert list(verdict.contributions.values()) == [float(f"{share:.4g}") for share, _ in largest]


def test_a_reading_exceeds_when_its_p_value_is_at_most_the_requested_rate(ae: Bundle) -> None:
    scores = {kind: getattr(measured(ae, ROWS), kind) for kind in ("onset", "consistency", "reconstruction")}
    rate = 0.02
    verdicts = feed(Scorer(ae, exceedances_per_1000=1000 * rate, enhancement=1e9), readings(ROWS))
    for i, verdict in enumerate(verdicts[WARM_UP:], WARM_UP):
        onset, consistency, reconstruction = (round(float(score[i]), 4) for score in scores.values())
        expected = {"methane": onset, "consistency": consistency, "reconstruction": reconstruction}
        assert verdict.exceeds == tuple(kind for kind, score in expected.items() if score >= -math.log10(rate))
        assert verdict.by == ("onset" if "methane" in verdict.exceeds else None)
        if not verdict.out_of_domain:
            suspect = max(expected.values()) >= -math.log10(10 * rate)
            assert verdict.state == ("alarm" if verdict.exceeds else "suspect" if suspect else "ok")
    assert {verdict.state for verdict in verdicts} >= {"alarm", "suspect", "ok"}


def test_the_bundles_rate_stands_unless_another_is_requested(ae: Bundle) -> None:
    assert Scorer(ae).rate == ae.manifest.exceedances_per_1000 / 1000
    assert Scorer(ae, exceedances_per_1000=10).new_state().adaptation.threshold("consistency") == 2.0
    for rate in (0, -1, 1000.1, math.nan):
        with pytest.raises(ValueError, match="exceedances_per_1000"):
            Scorer(ae, exceedances_per_1000=rate)


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


def test_nothing_but_a_level_alarms_during_the_warm_up(ae: Bundle) -> None:
    rows = [changed(row, r2600_ohm=1000.0 + 9e5 * (i % 2), ch4_ppb=2000.0) for i, row in enumerate(ROWS[:80])]
    rows[10] = changed(rows[10], ch4_ppb=4000.0)
    rows[20] = changed(rows[20], ch4_ppb=9000.0)
    found = feed(Scorer(ae, limit=8000.0), readings(rows))
    assert [verdict.exceeds for verdict in found[:WARM_UP]] == [
        ("methane",) if i in (10, 20) else () for i in range(WARM_UP)
    ]
    assert (found[10].by, found[10].state) == ("enhancement", "alarm")
    assert (found[20].by, found[20].state) == ("limit", "alarm")
    assert {verdict.state for verdict in found[:WARM_UP]} == {"warming_up", "alarm"}
    assert all("consistency" in verdict.exceeds for verdict in found[WARM_UP:])


def test_only_good_levels_before_it_make_a_readings_background(ae: Bundle) -> None:
    levels = [3000.0] * 1499 + [math.nan, 1e6, 4000.0, 2500.0]
    found = feed(Scorer(ae), [reading(changed(ROWS[0], ch4_ppb=level), i) for i, level in enumerate(levels)], 512)
    given = round(float(ae.tables["background_ppb"][0]), 1)
    backgrounds = [verdict.methane.background_ppb for verdict in found if verdict.methane]
    assert backgrounds[:1502] == [given] * 1502
    assert backgrounds[1502] == pytest.approx(3000.0, rel=2e-4)


def test_a_gas_whose_unit_has_no_conversion_has_no_level_in_ppb(bundles: dict[str, Path]) -> None:
    bundle = Bundle.open(bundles["ae"])
    features = (replace(bundle.station.features[CH4], unit="mg/m3"), *bundle.station.features[1:])
    bundle.manifest = replace(bundle.manifest, station=replace(bundle.station, features=features))
    found = feed(Scorer(bundle), readings(ROWS[:100]))[-1]
    assert found.methane is not None
    assert found.methane.score is not None
    assert (found.methane.level_ppb, found.methane.virtual_ppb, found.methane.background_ppb) == (None, None, None)


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


def test_virtual_methane_comes_with_its_spread_and_never_from_beyond_what_was_trained_on(ae: Bundle) -> None:
    virtual = ae.scoring(absent=True).virtual
    assert virtual is not None
    responsive = [KEYS.index(key) for key in virtual.responsive]
    rows = np.array(ROWS[:300])
    rows[200, responsive] /= 8.0
    rows[250, responsive] *= 8.0
    found = [verdict.methane for verdict in feed(Scorer(ae, absent=["ch4_ppb"]), readings(rows.tolist()))]
    usual, over, under = found[100], found[200], found[250]
    assert usual is not None
    assert over is not None
    assert under is not None
    assert usual.virtual_ppb == pytest.approx(ROWS[100][CH4], rel=3 * virtual.sd)
    assert usual.sd_ppb == pytest.approx(virtual.sd * (usual.virtual_ppb or 0.0), abs=0.06)
    assert (over.over_range, over.under_range, over.virtual_ppb, over.sd_ppb) == (True, False, None, None)
    assert (under.over_range, under.under_range, under.virtual_ppb, under.sd_ppb) == (False, True, None, None)
    assert over.score is not None


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


def test_an_error_in_the_follow_up_ends_the_batch_at_that_reading(ae: Bundle) -> None:
    scorer = Scorer(ae)
    state = scorer.new_state()
    decided: list[int] = []

    def follow(decision: Decision) -> tuple[str, ...]:
        decided.append(decision.context.n)
        if decision.context.n == 3:
            raise ZeroDivisionError
        return ()

    with pytest.raises(ZeroDivisionError):
        scorer.decide([(state, item) for item in readings(ROWS[:5])], follow)
    assert decided == [1, 2, 3]


def test_every_station_is_counted_from_one(ae: Bundle) -> None:
    scorer = Scorer(ae)
    one, two = scorer.new_state(), scorer.new_state()
    found = scorer.score([(one, reading(ROWS[0])), (two, reading(ROWS[0])), (one, reading(ROWS[1], 1))])
    assert [verdict.n for verdict in found] == [1, 1, 2]


def test_an_empty_batch_has_no_verdicts(ae: Bundle) -> None:
    assert Scorer(ae).score([]) == []


def test_a_usual_verdict_is_a_short_message(ae: Bundle) -> None:
    found = feed(Scorer(ae, enhancement=1e9), readings(ROWS, 100_000), 600)
    sizes = [len(msgspec.json.encode(verdict)) for verdict in found]
    assert np.median(sizes) < 860
    assert max(sizes) < 950
    body = msgspec.json.decode(msgspec.json.encode(found[100]))
    expected = {"station", "n", "seq", "ts", "received", "reconstruction", "consistency", "methane", "contributions"}
    assert expected < body.keys()
    assert body["bundle"] == ae.id
    assert body["ts"].endswith("Z")
