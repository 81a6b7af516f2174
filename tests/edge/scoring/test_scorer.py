"""Readings become verdicts: scores, culprits, levels, flags and states, whatever they are batched with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from edge.bundles.bundle import Bundle
from edge.models.scores import Scores, ScoreState, score_rows
from edge.models.windows import WARM_UP
from edge.readings.reading import Reading
from edge.scoring.decision import Decision
from edge.scoring.scorer import Scorer
from tests.edge.scoring.fed_scorer import CH4, KEYS, ROWS, START, changed, feed, reading, readings


@pytest.fixture(scope="module", params=["ae", "vae"])
def bundle(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles[request.param])


@pytest.fixture(scope="module")
def ae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


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
