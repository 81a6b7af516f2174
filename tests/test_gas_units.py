"""The gas is in its own unit from the training to the alarm; where plumes cannot be found, everything says so."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from config.errors import ConfigError
from config.settings.alarms import Alarms, MethaneAlarm
from config.settings.gateway import Gateway, StationEntry
from config.settings.station import Feature, Station
from config.settings.training import Training
from edge.agent.gas_alarms import GasAlarms
from edge.agent.stations import Stations
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.commands.inspect import inspect
from edge.commands.score import score_files
from edge.errors import RequestError
from edge.readings.csv.writer import write_table
from edge.readings.reading import Reading
from edge.scoring.scorer import SCORED, Scorer
from edge.scoring.verdict import Verdict
from export.export import export
from tests.doubles import FakeClock
from trainer.data.record import Record
from trainer.summary import summary
from trainer.train import train

SETTINGS = replace(Training.quick(model="ae"), epochs=1, generator_epochs=1, generator_steps=1, components=5)
COUNT = 2600
BACKGROUND = {"mg/m3": 0.6, "%": 0.02}
HIGHEST = {"mg/m3": 50.0, "%": 5.0}


def kind(unit: str) -> Station:
    gas = Feature(name="gas", key="gas", unit=unit, role="gas", scale="log", range=(0.0, HIGHEST[unit]), missing=())
    warm = Feature(name="T", key="temperature_c", unit="Cel", role="environment", range=(-40, 60))
    sensors = [
        Feature(name=f"R{i}", key=f"r{i}_ohm", unit="Ohm", role="sensor", scale="log", range=(1, 1e9)) for i in "ab"
    ]
    return Station(name="well", features=(gas, warm, *sensors))


def rows(unit: str, count: int, every: int, seed: int) -> Floats:
    """Plumes of four backgrounds, every so many rows; both sensors respond."""
    rng = np.random.default_rng(seed)
    number = np.arange(count)
    since = number % every - every // 2
    level = 1 + np.where(since >= 0, 4 * np.exp(-since / 40), 0)
    warm = 15 + 5 * np.sin(number / 90) + 0.1 * rng.standard_normal(count)
    gas = np.round(BACKGROUND[unit] * level * np.exp(0.01 * rng.standard_normal(count)), 5)
    logs = [9 - share * np.log(level) - 0.02 * warm + 0.03 * rng.standard_normal(count) for share in (0.6, 0.4)]
    return np.column_stack([gas, warm, *map(np.exp, logs)])


@pytest.fixture(scope="module")
def bundles_by_unit(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A station in mg/m3 with two plumes in its record, and one in % with thirteen."""
    folder = tmp_path_factory.mktemp("units")
    found = {}
    for unit, every in (("mg/m3", 1300), ("%", 200)):
        place = folder / unit[0]
        run = train(Record.from_values(rows(unit, COUNT, every, seed=1), kind(unit)), SETTINGS, place / "run")
        assert ("no onset" in summary(run)) == (unit == "mg/m3")
        export(run, place / "well.davy")
        found[unit] = Bundle.open(place / "well.davy")
    return found


def verdicts(scorer: Scorer, values: Floats) -> list[Verdict]:
    state = scorer.new_state()
    return scorer.score([
        (state, Reading(station="w", values=tuple(row), ts=1e9 + 60 * i, received=1e9 + 60 * i))
        for i, row in enumerate(values.tolist())
    ])  # fmt: skip


@pytest.mark.parametrize("unit", BACKGROUND)
def test_levels_thresholds_and_the_virtual_gas_are_in_the_unit_of_the_column(
    bundles_by_unit: dict[str, Bundle], unit: str
) -> None:
    bundle = bundles_by_unit[unit]
    assert bundle.enhancement == pytest.approx(BACKGROUND[unit] / 2, rel=0.5)
    values = rows(unit, 260, 200, seed=2)
    found = verdicts(Scorer(bundle), values)
    usual = found[90].methane
    assert usual is not None
    assert usual.unit == unit
    assert usual.level == pytest.approx(values[90, 0], rel=1e-4)
    assert usual.virtual == pytest.approx(BACKGROUND[unit], rel=0.3)
    assert usual.sd is not None
    assert 0 < usual.sd < 0.3 * BACKGROUND[unit]
    assert usual.background == pytest.approx(BACKGROUND[unit], rel=0.05)
    assert len(f"{usual.virtual:.12g}") <= 8
    ppb = None if unit == "mg/m3" else pytest.approx(1e7 * values[90, 0], rel=1e-3)
    assert usual.level_ppb == ppb
    assert (usual.virtual_ppb is None, usual.sd_ppb is None) == (unit == "mg/m3",) * 2
    plume = values[:, 0] >= BACKGROUND[unit] + 2 * bundle.enhancement
    assert all("methane" in one.exceeds for one, high in zip(found[61:], plume[61:], strict=True) if high)


def test_an_analyser_at_its_stop_and_a_limit_alarm_in_mg_m3(
    bundles_by_unit: dict[str, Bundle], fake_clock: FakeClock
) -> None:
    values = rows("mg/m3", 100, 1300, seed=3)
    values[70:, 0] = 55.0  # beyond what the column can be
    scorer = Scorer(bundles_by_unit["mg/m3"], limit=30.0)
    assert scorer.level is not None
    state, panel, events = scorer.new_state(), AlarmPanel(Alarms(), fake_clock), list[Event]()
    for verdict in verdicts(scorer, values):
        thresholds: dict[str, float] = {kind: state.adaptation.threshold(kind) for kind in SCORED}
        events += panel.observe(verdict, thresholds, scorer.level)
    (opened,) = [event for event in events if event.kind == "methane" and event.event_type == "open"]
    assert (opened.by, opened.peak.unit, opened.peak.level, opened.peak.level_ppb) == ("limit", "mg/m3", 55.0, None)


def test_a_refused_onset_is_null_and_said_everywhere(bundles_by_unit: dict[str, Bundle]) -> None:
    bundle = bundles_by_unit["mg/m3"]
    found = verdicts(Scorer(bundle, absent=["gas"], exceedances_per_1000=500), rows("mg/m3", 260, 200, seed=2))
    assert all(one.methane is None or (one.methane.score, one.methane.p) == (None, None) for one in found)
    assert not any("methane" in one.exceeds for one in found)
    assert found[-1].methane is not None
    assert found[-1].methane.virtual is not None  # the level stays
    reason = bundle.no_onset(absent=True)
    assert reason is not None
    assert "gas rises" in reason
    text = io.StringIO()
    inspect(bundle.path, as_json=False, out=text)
    assert "no onset: gas rises" in text.getvalue()
    assert f"mg/m3 in training; exceeds {bundle.enhancement:g} mg/m3 above it" in text.getvalue()
    measured = bundle.manifest.metrics["scorers"]["scorer-absent"]["onset"]
    assert (measured["refused"], measured["found"] <= measured["onsets"]) == (reason, True)


def test_an_onset_that_stood_the_test_alarms_without_the_gas(bundles_by_unit: dict[str, Bundle]) -> None:
    bundle = bundles_by_unit["%"]
    assert bundle.no_onset(absent=True) is None
    found = verdicts(Scorer(bundle, absent=["gas"]), rows("%", 600, 200, seed=2))
    by = [i for i, one in enumerate(found) if one.by == "onset"]
    assert any(300 <= i < 330 for i in by)
    assert any(500 <= i < 530 for i in by)
    assert not [i for i in by if 420 <= i < 500]


def test_score_takes_levels_in_the_unit_of_the_column(bundles_by_unit: dict[str, Bundle], tmp_path: Path) -> None:
    bundle, values = bundles_by_unit["mg/m3"], rows("mg/m3", 130, 200, seed=2)
    write_table(tmp_path / "rows.csv", bundle.station.names, values)

    def alarms(**levels: float) -> list[bool]:
        score_files(bundle.path, [tmp_path / "rows.csv"], tmp_path / "scores.csv", **levels)  # type: ignore[arg-type]
        header, *lines = (tmp_path / "scores.csv").read_text().splitlines()
        cells = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
        assert {one["unit"] for one in cells} == {"mg/m3"}
        assert all(one["virtual"] and not one["virtual_ppb"] for one in cells[20:])
        return ["methane" in one["alarm"] for one in cells]

    assert any(alarms())
    assert not any(alarms(enhancement=10.0))
    assert sum(alarms(enhancement=10.0, limit=2.0)) == int((values[:, 0] >= 2.0).sum())
    with pytest.raises(RequestError, match="limit: got -1, expected a gas level above 0"):
        alarms(limit=-1.0)
    with pytest.raises(RequestError, match="these rows have no gas level to compare it with"):
        score_files(bundle.path, [tmp_path / "rows.csv"], absent=["gas"], enhancement=1.0)


def test_a_level_in_the_wrong_unit_is_an_error_or_a_warning(bundles_by_unit: dict[str, Bundle]) -> None:
    road, mine = bundles_by_unit["mg/m3"], bundles_by_unit["%"]
    entries = [
        StationEntry(topic="road/{station}", bundle="r.davy"),
        StationEntry(topic="mine/{station}", bundle="m.davy"),
    ]

    def levels(*more: StationEntry, **methane: float) -> list[GasAlarms]:
        return GasAlarms.from_settings(MethaneAlarm(**methane), more or entries, [road, mine])  # type: ignore[arg-type]

    assert levels() == [GasAlarms(None, None), GasAlarms(None, None)]
    with pytest.raises(ConfigError, match=r"got 2 for gas columns in mg/m3 \(stations\[0\]\), % \(stations\[1"):
        levels(enhancement=2.0)
    with pytest.raises(ConfigError, match=r"stations\[0\].limit: missing, .* 5000 cannot be converted to mg/m3"):
        levels(limit_ppb=5000.0)
    own = replace(entries[0], enhancement=3.0, limit=20.0)
    assert levels(own, entries[1], enhancement_ppb=1e6, limit=1.0) == [GasAlarms(3.0, 20.0), GasAlarms(0.1, 1.0)]
    with pytest.raises(ConfigError, match=r"stations\[1\].limit: got 1, but these stations send no gas level"):
        levels(entries[0], replace(entries[1], absent=("gas",), limit=1.0))
    assert list(GasAlarms(0.5, 30.0).warnings(road)) == []
    (absurd,) = GasAlarms(1000.0, None).warnings(mine)
    assert "got 1000 %, but gas can only be 0 to 5 %" in absurd
    (tiny,) = GasAlarms(1e-4, None).warnings(mine)
    assert "clean readings of gas vary by more" in tiny
    (limit,) = GasAlarms(None, 5000.0).warnings(road)
    assert limit == "limit: got 5000 mg/m3, but gas can only be 0 to 50 mg/m3; fix: give it in mg/m3"


def test_a_station_that_could_never_alarm_is_named(bundles_by_unit: dict[str, Bundle]) -> None:
    def warnings(unit: str, *absent: str) -> list[str]:
        entry = StationEntry(topic="well/{station}", bundle=bundles_by_unit[unit].path, absent=absent)
        (group,) = Stations(Gateway(gateway="gw", stations=(entry,)), [bundles_by_unit[unit]]).groups
        return list(group.warnings())

    assert warnings("mg/m3") == warnings("%", "gas") == []
    (one,) = warnings("mg/m3", "gas")
    assert one.startswith("well/{station}: got absent: [gas], so that methane can only alarm by its onset, but ")
    assert "gas rises 2 times" in one


def test_the_same_level_in_two_units_is_refused() -> None:
    problems = list(MethaneAlarm(enhancement=1.0, enhancement_ppb=1000.0).problems())
    assert problems == [
        ("enhancement", "got 1 beside enhancement_ppb: 1000, expected one of the two; fix: remove enhancement_ppb")
    ]


def test_a_bundle_that_states_no_enhancement_keeps_what_its_gateways_used(bundles_by_unit: dict[str, Bundle]) -> None:
    for unit, expected in (("mg/m3", 0.2), ("%", 1e-4)):
        bundle = Bundle.open(bundles_by_unit[unit].path)
        del bundle.tables["enhancement"]
        assert bundle.enhancement == expected


def test_messages_have_every_key(bundles_by_unit: dict[str, Bundle]) -> None:
    verdict = verdicts(Scorer(bundles_by_unit["mg/m3"]), rows("mg/m3", 80, 1300, seed=4))[-1]
    methane = json.loads(msgspec.json.encode(verdict))["methane"]
    assert {"unit", "level", "virtual", "sd", "background", "level_ppb", "virtual_ppb"} <= methane.keys()
