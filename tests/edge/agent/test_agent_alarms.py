"""The agent raises alarms from what its stations send, and remembers what raised them."""

from __future__ import annotations

import numpy as np
import pytest

from config.settings.alarms import AlarmRule, Alarms
from edge.agent.agent import Agent
from edge.arrays import Floats
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message


def run_through(agent: Agent, link: FakeLink, rows: Floats, *, without: str = "") -> None:
    """Send rows as a station would, a minute apart and ten at a time."""
    bodies = [dict(zip(GOOD, row, strict=True)) | {"ts": 60 * i, "seq": i} for i, row in enumerate(rows.tolist())]
    for body in bodies:
        body.pop(without, None)
    for first in range(0, len(bodies), 10):
        link.incoming = [[message(body, mid=first + k) for k, body in enumerate(bodies[first : first + 10], 1)]]
        agent.turn()
        link.confirm()


def test_a_sensor_that_is_stuck_raises_a_consistency_alarm_that_names_it(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    rows = simulate_chamber(400, seed=3)
    rows[300:, -1] = rows[300, -1]
    run_through(start_agent(), fake_link, rows)
    opened = [
        each
        for each in fake_link.on(TOPICS.event("st-1"))
        if each["event_type"] == "open" and each["kind"] == "consistency"
    ]
    scores = {body["ts"]: body["seq"] for body in fake_link.on(TOPICS.score("st-1"))}
    (event,) = (each for each in opened if scores[each["ts"]] >= 300)
    assert event["culprit"] == "rmq4_ohm"
    assert fake_link.on(TOPICS.alarm("st-1"))[-1]["fault"] == "ON"


def test_gas_raises_a_methane_alarm_where_no_analyser_says_so(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent(absent=("ch4_ppb",))
    rows = simulate_chamber(400, seed=3)
    run_through(agent, fake_link, rows, without="ch4_ppb")
    opened = [each for each in fake_link.on(TOPICS.event("st-1")) if each["event_type"] == "open"]
    methane = [each for each in opened if each["kind"] == "methane"]
    assert methane
    assert {each["by"] for each in methane} == {"onset"}
    assert not any(body["flags"] for body in fake_link.on(TOPICS.score("st-1")))


def test_an_alarm_that_stands_is_judged_by_the_threshold_that_opened_it(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    agent = start_agent(alarms=Alarms(default=AlarmRule(m_of_n=(1, 1))))
    rows = simulate_chamber(180, seed=3)
    rows[119, 5] *= 3.0
    run_through(agent, fake_link, rows[:120])
    (station,) = agent._stations
    adaptation = station.state.adaptation
    assert "consistency" in {event.kind for event in agent._panel.standing()}
    opening = adaptation.judge("consistency")
    assert adaptation.stands
    rows[120:150, 5] *= 3.0
    run_through(agent, fake_link, rows[120:150])
    assert adaptation.threshold("consistency") > opening + 0.5
    assert adaptation.judge("consistency") == opening
    assert "consistency" in {event.kind for event in agent._panel.standing()}


def test_the_last_readings_and_those_of_the_last_alarm_are_remembered(
    start_agent: StartAgent, fake_link: FakeLink
) -> None:
    rule = AlarmRule(m_of_n=(3, 5), clear_after=5, hold=5)
    agent = start_agent(alarms=Alarms(default=rule))
    rows = np.tile(list(GOOD.values()), (40, 1))
    rows[10:16, 0] = 30_000.0
    run_through(agent, fake_link, rows)
    (station,) = agent._stations
    np.testing.assert_allclose(station.recent.last(40), rows, rtol=1e-6)
    assert not agent._panel.standing()
    np.testing.assert_allclose(station.recent.event()[:, 0], [30_000.0] * 6 + [2000.0] * 4)


def test_an_alarm_that_stands_for_long_is_taken_as_normal_and_the_shift_is_published(
    start_agent: StartAgent, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr("edge.scoring.following.NORMAL_AFTER", 50)  # of 3,000
    agent = start_agent()
    rows = simulate_chamber(240, seed=3)
    rows[119:, 5] *= 3.0
    run_through(agent, fake_link, rows)
    events = [each for each in fake_link.on(TOPICS.event("st-1")) if each["kind"] == "consistency"]
    closed = [each for each in events if each["event_type"] == "close"]
    assert "taken as normal" in {each["closed_because"] for each in closed}
    assert any("alarm close" in line and 'because="taken as normal"' in line for line in caplog.messages)
    assert {each["closed_because"] for each in events if each["event_type"] == "open"} == {None}
    scores = fake_link.on(TOPICS.score("st-1"))
    assert all(each["shift"].keys() == {"methane", "consistency", "reconstruction"} for each in scores)
    assert max(each["shift"]["consistency"] for each in scores) > 1.0
