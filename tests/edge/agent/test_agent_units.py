"""A station that sends in other units than its bundle was trained in is named, and never called ok."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from config.settings.alarms import Alarms, MethaneAlarm
from edge.agent.agent import Agent
from edge.arrays import Floats
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message

WARM = list(GOOD).index("temperature_c")


class Sender:
    """Sends rows to an agent, a minute apart and ten at a time, and keeps what it publishes."""

    def __init__(self, link: FakeLink, clock: FakeClock) -> None:
        self._link = link
        self._clock = clock
        self._sent = 0

    def send(self, agent: Agent, rows: Floats) -> list[Any]:
        before = len(self._link.on(TOPICS.score("st-1")))
        for start in range(0, len(rows), 10):
            bodies = []
            for row in rows[start : start + 10].tolist():
                body = dict(zip(GOOD, row, strict=True)) | {"ts": self._clock.now(), "seq": self._sent}
                bodies.append(replace(message(body, mid=self._sent % 60000 + 1), received=self._clock.now()))
                self._sent += 1
                self._clock.time += 60.0
            self._link.incoming = [bodies]
            agent.turn()
            self._link.confirm()
        return [score for score in self._link.on(TOPICS.score("st-1"))[before:] if not score["historical"]]

    def problems(self, agent: Agent) -> dict[str, str]:
        return agent._stations["st-1"].health.problems


@pytest.fixture
def sender(fake_link: FakeLink, fake_clock: FakeClock) -> Sender:
    return Sender(fake_link, fake_clock)


@pytest.fixture
def rows() -> Floats:
    return np.asarray(simulate_chamber(400, seed=3), dtype=np.float64)


def fahrenheit(rows: Floats) -> Floats:
    copy = rows.copy()
    copy[:, WARM] = copy[:, WARM] * 1.8 + 32
    return copy


def is_doubted(score: dict[str, Any]) -> bool:
    """Return whether the state is that of a station whose unit is in doubt, which hides no exceedance."""
    return bool(score["state"] == ("alarm" if score["exceeds"] else "out_of_domain"))


def test_a_station_in_fahrenheit_is_named_and_never_called_ok(
    start_agent: StartAgent, sender: Sender, rows: Floats, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "davylamp")
    agent = start_agent()
    scores = sender.send(agent, fahrenheit(rows[:150]))
    assert "units: {temperature_c: degF}" in sender.problems(agent)["units"]
    assert caplog.text.count("units: {temperature_c: degF}") == 1
    assert all(is_doubted(score) for score in scores[60:])
    assert all("temperature_c" in score["out_of_domain"] for score in scores[20:])

    scores = sender.send(agent, rows[150:])
    assert "units" not in sender.problems(agent)
    assert "units are right again" in caplog.text
    assert all(is_doubted(score) for score in scores[:19])
    assert not any("temperature_c" in score["out_of_domain"] for score in scores[20:])


def test_sensors_in_kiloohms_are_named_too(start_agent: StartAgent, sender: Sender, rows: Floats) -> None:
    agent = start_agent()
    rows[:, 4:] /= 1000
    scores = sender.send(agent, rows[:100])
    assert "r2600_ohm: kOhm" in sender.problems(agent)["units"]
    assert all(is_doubted(score) for score in scores[60:])


def test_what_is_declared_is_converted_and_not_doubted(
    start_agent: StartAgent, sender: Sender, rows: Floats, fake_link: FakeLink
) -> None:
    plain = sender.send(start_agent(), rows[:150])
    fake_link.published.clear()
    agent = start_agent(units={"temperature_c": "degF"})
    scores = sender.send(agent, fahrenheit(rows[:150]))
    assert "units" not in sender.problems(agent)
    # The first agent's readings were in other units, so that they are no past for these.
    assert [score["state"] for score in scores] == [score["state"] for score in plain]
    assert scores[-1]["n"] == 300


def test_a_firmware_that_changes_the_unit_is_found(start_agent: StartAgent, sender: Sender, rows: Floats) -> None:
    agent = start_agent()
    sender.send(agent, rows[:200])
    assert "units" not in sender.problems(agent)
    scores = sender.send(agent, fahrenheit(rows[200:]))
    assert "units: {temperature_c: degF}" in sender.problems(agent)["units"]
    assert "ok" not in {score["state"] for score in scores[20:]}


def test_a_doubt_survives_a_restart(start_agent: StartAgent, sender: Sender, rows: Floats) -> None:
    sender.send(start_agent(), fahrenheit(rows[:100]))
    agent = start_agent()
    (score,) = sender.send(agent, fahrenheit(rows[100:101]))
    assert score["n"] == 101
    assert is_doubted(score)
    assert "units: {temperature_c: degF}" in sender.problems(agent)["units"]


def test_a_limit_holds_while_a_unit_is_in_doubt(start_agent: StartAgent, sender: Sender, rows: Floats) -> None:
    agent = start_agent(alarms=Alarms(methane=MethaneAlarm(limit_ppb=5000.0)))
    rows[100:120, 0] = 20_000.0
    scores = sender.send(agent, fahrenheit(rows[:120]))
    assert {score["state"] for score in scores[100:]} == {"alarm"}
