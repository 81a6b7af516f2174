"""Readings become verdicts: scores, levels, flags and states, whatever they are batched with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from config.loading import load_station
from config.starting import METHANE
from edge.bundle import Bundle
from edge.features import HOLD, StationState
from edge.reading import Reading
from edge.scorer import Scorer
from edge.simulator import simulate_chamber
from edge.verdict import Verdict

ROWS = simulate_chamber(600, seed=5).tolist()
START = 1_790_000_000.0
KEYS = load_station(METHANE).keys
CH4 = KEYS.index("ch4_ppb")


@pytest.fixture(scope="module", params=["ae", "vae"])
def bundle(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles[request.param])


@pytest.fixture(scope="module")
def vae(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["vae"])


def reading(values: Sequence[float], i: int = 0, **changes: Any) -> Reading:
    time = START + 60 * i
    return Reading(station="st-01", values=tuple(values), ts=changes.pop("ts", time), seq=i, received=time, **changes)


def changed(values: Sequence[float], **channels: float) -> list[float]:
    return [channels.get(key, value) for key, value in zip(KEYS, values, strict=True)]


def feed(scorer: Scorer, readings: Sequence[Reading], size: int = 1) -> list[Verdict]:
    state = scorer.new_state()
    return [
        verdict
        for i in range(0, len(readings), size)
        for verdict in scorer.score([(state, item) for item in readings[i : i + size]])
    ]


def spoilt(rows: Sequence[Sequence[float]]) -> list[Reading]:
    """Rows with some channels missing or out of range, now and then for long."""
    random = np.random.default_rng(2)
    values = np.array(rows)
    values[random.random(values.shape) < 0.01] = math.nan
    values[random.random(values.shape) < 0.01] = 1e9
    values[100:120, 4] = math.nan
    return [reading(row, i) for i, row in enumerate(values.tolist())]


@pytest.mark.parametrize("size", [2, 7, 64, 600])
def test_a_batch_is_scored_exactly_like_its_readings_one_by_one(bundle: Bundle, size: int) -> None:
    scorer, readings = Scorer(bundle), spoilt(ROWS)
    one_by_one = feed(scorer, readings)
    assert feed(scorer, readings, size) == one_by_one
    assert {verdict.state for verdict in one_by_one} >= {"suspect", "alarm"}
    assert any(verdict.reconstruction is None for verdict in one_by_one)


def test_stations_in_one_batch_do_not_see_each_other(bundle: Bundle) -> None:
    scorer = Scorer(bundle)
    streams = [spoilt(ROWS[k : k + 60]) for k in (0, 200, 400)]
    states = [scorer.new_state() for _ in streams]
    together = scorer.score(
        [pair for moment in zip(*streams, strict=True) for pair in zip(states, moment, strict=True)]
    )
    for k, stream in enumerate(streams):
        assert together[k::3] == feed(scorer, stream)


def test_the_score_is_that_of_the_bundles_network_and_table(bundle: Bundle) -> None:
    verdicts = feed(Scorer(bundle), [reading(row, i) for i, row in enumerate(ROWS)], 600)
    error = bundle.scorer.run(readings=ROWS)["error"]
    score = bundle.p_values.score(error)
    found = [verdict.reconstruction for verdict in verdicts]
    assert [item.error for item in found if item] == pytest.approx(error.tolist(), rel=6e-4)
    assert [item.score for item in found if item] == pytest.approx(score.tolist(), abs=1e-4)
    assert [item.p for item in found if item] == pytest.approx((10.0**-score).tolist(), rel=6e-3)


def test_the_three_largest_contributions_are_named_largest_first(bundle: Bundle) -> None:
    verdicts = feed(Scorer(bundle), [reading(row, i) for i, row in enumerate(ROWS[:50])], 50)
    shares = bundle.scorer.run(readings=ROWS[:50])["contributions"]
    for verdict, row in zip(verdicts, shares, strict=True):
        largest = sorted(zip(row.tolist(), KEYS, strict=True), reverse=True)[:3]
        assert list(verdict.contributions) == [key for _, key in largest]
        assert list(verdict.contributions.values()) == pytest.approx([share for share, _ in largest], rel=6e-4)
        assert all(float(f"{share:.4g}") == share for share in verdict.contributions.values())


def test_a_reading_exceeds_when_its_p_value_is_at_most_the_requested_rate(vae: Bundle) -> None:
    readings = [reading(changed(row, ch4_ppb=2000.0), i) for i, row in enumerate(ROWS)]
    scores = vae.p_values.score(vae.scorer.run(readings=[item.values for item in readings])["error"])
    rate = float(10 ** -np.median(scores))
    scorer = Scorer(vae, exceedances_per_1000=1000 * rate)
    assert scorer.thresholds["reconstruction"] == pytest.approx(np.median(scores))
    verdicts = feed(scorer, readings, 600)
    for verdict, score in zip(verdicts, scores, strict=True):
        exceeds = score >= scorer.thresholds["reconstruction"]
        assert verdict.exceeds == (("reconstruction",) if exceeds else ())
        assert verdict.state == ("alarm" if exceeds else "suspect" if 10**-score <= 10 * rate else "ok")
    assert {verdict.state for verdict in verdicts} >= {"alarm", "suspect"}


def test_the_bundles_rate_stands_unless_another_is_requested(vae: Bundle) -> None:
    assert Scorer(vae).thresholds["reconstruction"] == -math.log10(vae.manifest.exceedances_per_1000 / 1000)
    assert Scorer(vae, exceedances_per_1000=10).thresholds["reconstruction"] == 2.0
    for rate in (0, -1, 1000.1, math.nan):
        with pytest.raises(ValueError, match="exceedances_per_1000"):
            Scorer(vae, exceedances_per_1000=rate)


def test_a_missing_channel_is_held_for_twelve_readings_then_there_is_no_score(vae: Bundle) -> None:
    rows = [changed(row, ch4_ppb=2000.0) for row in ROWS[: HOLD + 3]]
    missing = [rows[0], *[changed(row, rmq4_ohm=math.nan) for row in rows[1:-1]], rows[-1]]
    held = [rows[0], *[changed(row, rmq4_ohm=rows[0][-1]) for row in rows[1:-1]], rows[-1]]
    scorer = Scorer(vae)
    found = feed(scorer, [reading(row, i) for i, row in enumerate(missing)])
    expected = feed(scorer, [reading(row, i) for i, row in enumerate(held)])
    for verdict, like in zip(found[1 : HOLD + 1], expected[1 : HOLD + 1], strict=True):
        assert verdict.flags == {"rmq4_ohm": 9}
        assert verdict.reconstruction == like.reconstruction
        assert verdict.state in ("suspect", "alarm")
    too_old = found[HOLD + 1]
    assert (too_old.reconstruction, too_old.contributions, too_old.state) == (None, {}, "suspect")
    assert found[-1] == expected[-1]


def test_a_channel_out_of_range_is_flagged_4_and_the_network_never_sees_it(vae: Bundle) -> None:
    scorer = Scorer(vae)
    found = feed(scorer, [reading(ROWS[0], 0), reading(changed(ROWS[0], temperature_c=85.0), 1)])
    assert found[1].flags == {"temperature_c": 4}
    assert found[1].reconstruction == found[0].reconstruction
    assert found[1].state in ("suspect", "alarm")


def test_a_level_exceeds_by_enhancement_above_the_background_or_by_the_limit(vae: Bundle) -> None:
    background = float(vae.tables["background_ppb"][0])
    scorer = Scorer(vae, exceedances_per_1000=1e-9, enhancement_ppb=500.0, limit_ppb=5000.0)
    levels = [background + 499.9, background + 500.1, 4999.9, 5000.0]
    found = feed(scorer, [reading(changed(ROWS[0], ch4_ppb=level), i) for i, level in enumerate(levels)])
    assert [verdict.by for verdict in found] == [None, "enhancement", "enhancement", "limit"]
    assert ["methane" in verdict.exceeds for verdict in found] == [False, True, True, True]
    assert [verdict.state == "alarm" for verdict in found] == [False, True, True, True]
    assert found[0].methane is not None
    assert found[0].methane.level_ppb == pytest.approx(levels[0], abs=0.051)
    assert found[0].methane.background_ppb == pytest.approx(background, abs=0.051)


def test_a_level_below_the_range_or_missing_says_nothing_and_one_above_it_still_alarms(vae: Bundle) -> None:
    low, high = vae.station.features[CH4].range
    levels = [ROWS[0][CH4], low / 2, math.nan, high * 1.01]
    found = feed(Scorer(vae), [reading(changed(ROWS[0], ch4_ppb=level), i) for i, level in enumerate(levels)])
    assert [verdict.flags for verdict in found[1:]] == [{"ch4_ppb": 4}, {"ch4_ppb": 9}, {"ch4_ppb": 4}]
    assert [verdict.methane and verdict.methane.level_ppb for verdict in found[1:3]] == [None, None]
    assert "methane" not in found[1].exceeds + found[2].exceeds
    assert "methane" in found[3].exceeds


def test_only_good_levels_before_it_make_a_readings_background(vae: Bundle) -> None:
    scorer = Scorer(vae)
    levels = [3000.0] * 1499 + [math.nan, 1e6, 4000.0, 2500.0]
    found = feed(scorer, [reading(changed(ROWS[0], ch4_ppb=level), i) for i, level in enumerate(levels)], 512)
    given = round(float(vae.tables["background_ppb"][0]), 1)
    backgrounds = [verdict.methane.background_ppb for verdict in found if verdict.methane]
    assert backgrounds == [given] * 1502 + [3000.0]


def test_a_gas_in_ppm_has_its_levels_in_ppb_and_one_in_another_unit_has_none(bundles: dict[str, Path]) -> None:
    def with_unit(unit: str) -> Scorer:
        bundle = Bundle.open(bundles["vae"])
        gas = bundle.station.features[CH4]
        features = (replace(gas, unit=unit, range=(1.0, 100.0)), *bundle.station.features[1:])
        bundle.manifest = replace(bundle.manifest, station=replace(bundle.station, features=features))
        bundle.tables["background_ppb"] = bundle.tables["background_ppb"] / 1000
        return Scorer(bundle)

    row = changed(ROWS[0], ch4_ppb=4.0)
    found = feed(with_unit("[ppm]"), [reading(row)])[0]
    assert found.methane is not None
    assert found.methane.level_ppb == 4000.0
    assert found.methane.background_ppb == round(float(Bundle.open(bundles["vae"]).tables["background_ppb"][0]), 1)
    assert found.by == "enhancement"
    found = feed(with_unit("mg/m3"), [reading(row)])[0]
    assert (found.methane, found.by) == (None, None)


def test_a_station_without_gas_has_every_score_but_the_level(tmp_path: Path) -> None:
    from config.training import Training
    from export.pack import export
    from trainer.record import Record
    from trainer.run import Run
    from trainer.train import train

    station = load_station(METHANE)
    bare = replace(station, features=station.features[2:], ratio=None)
    values = simulate_chamber(800, seed=1)[:, 2:]
    train(Record.from_values(values, bare), Training.quick(model="ae"), tmp_path / "run")
    export(Run.open(tmp_path / "run"), tmp_path / "bare.davy")
    found = feed(Scorer(Bundle.open(tmp_path / "bare.davy")), [reading(values[0].tolist())])[0]
    assert found.methane is None
    assert found.reconstruction is not None


def test_a_late_reading_has_no_score_and_leaves_no_trace(vae: Bundle) -> None:
    scorer = Scorer(vae)
    usual = [reading(ROWS[i], i) for i in range(3)]
    late = reading(changed(ROWS[0], ch4_ppb=9000.0), 1, ts=START - 1)
    found = feed(scorer, [*usual[:2], late, usual[2]])
    assert (found[2].late, found[2].n, found[2].state, found[2].exceeds) == (True, 3, "suspect", ())
    assert (found[2].reconstruction, found[2].methane) == (None, None)
    expected = feed(scorer, usual)
    assert [found[0], found[1], replace(found[3], n=3)] == expected


def test_every_station_is_counted_from_one(vae: Bundle) -> None:
    scorer = Scorer(vae)
    one, two = scorer.new_state(), scorer.new_state()
    found = scorer.score([(one, reading(ROWS[0])), (two, reading(ROWS[0])), (one, reading(ROWS[1], 1))])
    assert [verdict.n for verdict in found] == [1, 1, 2]
    assert isinstance(one, StationState)


def test_an_empty_batch_has_no_verdicts(vae: Bundle) -> None:
    assert Scorer(vae).score([]) == []


def test_a_usual_verdict_is_a_message_of_about_300_bytes(vae: Bundle) -> None:
    found = feed(Scorer(vae, enhancement_ppb=1e9), [reading(row, 100_000 + i) for i, row in enumerate(ROWS)], 600)
    sizes = [len(msgspec.json.encode(verdict)) for verdict in found]
    assert np.median(sizes) < 350
    assert max(sizes) < 400
    body = msgspec.json.decode(msgspec.json.encode(found[0]))
    assert {
        "station",
        "n",
        "seq",
        "ts",
        "received",
        "reconstruction",
        "methane",
        "contributions",
        "state",
    } < body.keys()
    assert body["bundle"] == vae.id
    assert body["ts"].endswith("Z")
