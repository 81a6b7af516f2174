"""What raises no alarm: a station that warms up, and what the models make of a channel that failed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from config.settings.alarms import Alarms
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.clock import Clock
from edge.models.windows import WARM_UP
from edge.readings.reading import Reading
from edge.scoring.scorer import SCORED, Scorer
from edge.simulation.simulator import simulate_chamber
from tests.doubles import FakeClock

START = 1_790_000_000.0
KEYS = load_station(METHANE).keys


@pytest.fixture(scope="module")
def bundle(bundles: dict[str, Path]) -> Bundle:
    return Bundle.open(bundles["ae"])


def alarms(bundle: Bundle, rows: Floats, clock: Clock, **settings: float) -> list[Event]:
    """What an operator sees of a station that sends these rows."""
    scorer = Scorer(bundle, **settings)  # type: ignore[arg-type]
    state, panel = scorer.new_state(), AlarmPanel(Alarms(), clock)
    batch = [
        (state, Reading(station="st-01", values=tuple(row), ts=START + 60 * i, seq=i, received=START + 60 * i))
        for i, row in enumerate(rows.tolist())
    ]
    return [
        event
        for verdict in scorer.score(batch)
        for event in panel.observe(verdict, {kind: state.adaptation.threshold(kind) for kind in SCORED}, scorer.level)
    ]


@pytest.mark.parametrize("value", [math.nan, 1e12])
@pytest.mark.parametrize("key", ["h2o_ppm", "rmq4_ohm"])
def test_a_channel_that_fails_is_one_alarm_that_names_it(
    bundle: Bundle, fake_clock: FakeClock, key: str, value: float
) -> None:
    rows = simulate_chamber(3000, seed=5)[:300]  # as slow as what was learnt
    rows[200:240, KEYS.index(key)] = value
    # Thresholds so high that the chamber's own plumes raise nothing.
    events = alarms(bundle, rows, fake_clock, exceedances_per_1000=0.001)
    assert [(event.kind, event.event_type, event.culprit) for event in events if event.kind != "methane"] == [
        ("consistency", "open", key),
        ("consistency", "close", key),
    ]


def test_nothing_but_an_absolute_limit_alarms_in_the_warm_up(bundle: Bundle, fake_clock: FakeClock) -> None:
    rows = simulate_chamber(WARM_UP, seed=1)
    rows[20:40, KEYS.index("rmq4_ohm")] = 1e12
    rows[40:50, KEYS.index("ch4_ppb")] = 9000.0
    assert [event.kind for event in alarms(bundle, rows, fake_clock, enhancement=1e6)] == []
    events = alarms(bundle, rows, fake_clock, enhancement=1e6, limit=8000.0)
    assert [(event.kind, event.by) for event in events] == [("methane", "limit")]
