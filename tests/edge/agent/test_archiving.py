"""What the agent archives is what it scored and committed, and nothing of the archive reaches a reading."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings.alarms import AlarmRule, Alarms
from config.settings.archive import ArchiveSettings
from config.settings.gateway import ScoringSettings
from edge.agent.agent import Agent
from edge.archive.archive import Archive
from edge.scoring.verdict import NUMBERED_STATES
from edge.simulation.simulator import simulate_chamber
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message
from tests.edge.archive.archives import alarms, blocks, numbers, wait, write

KEYS = tuple(GOOD)


@pytest.fixture
def archive(tmp_path: Path, fake_clock: FakeClock) -> Archive:
    return Archive(ArchiveSettings(), tmp_path / "archive.db", fake_clock)


def readings(count: int, first: int = 0) -> list[Any]:
    """Return messages of the chamber, with a leak at the end."""
    rows = simulate_chamber(3000, seed=4)
    rows = rows[rows[:, 0] < 2600][first : first + count]
    rows[-6:, 0] += 20_000
    bodies = [dict(zip(KEYS, row, strict=True)) | {"seq": first + i} for i, row in enumerate(rows.tolist())]
    return [message(body, mid=i + 1) for i, body in enumerate(bodies)]


def stop(agent: Agent, link: FakeLink) -> None:
    link.connected = False
    agent.stop()


@pytest.mark.parametrize("every", [1, 7])
def test_each_reading_is_archived_with_the_state_of_its_verdict_whether_that_is_published_or_not(
    start_agent: StartAgent, fake_link: FakeLink, archive: Archive, *, every: int
) -> None:
    agent = start_agent(archive=archive, scoring=ScoringSettings(publish_every=every))
    fake_link.incoming = [readings(120)]
    agent.turn()
    states = {body["n"]: body["state"] for body in fake_link.on(TOPICS.score("st-1"))}
    stop(agent, fake_link)
    assert archive.path is not None
    (block,) = blocks(archive.path)
    assert block.numbers.tolist() == list(range(1, 121))
    found = {n: NUMBERED_STATES[each] for n, each in zip(block.numbers.tolist(), block.verdicts.tolist(), strict=True)}
    assert len(states) == 120 if every == 1 else len(states) < 60, len(states)
    assert {n: found[n] for n in states} == states
    assert set(found.values()) <= set(NUMBERED_STATES[1:])
    assert found[30] == "warming_up"
    assert found[120] == "alarm"


def test_the_alarms_that_are_open_are_archived_with_each_reading(
    start_agent: StartAgent, fake_link: FakeLink, archive: Archive
) -> None:
    agent = start_agent(archive=archive)
    fake_link.incoming = [readings(120)]
    agent.turn()
    standing = [event.id for event in agent._panel.standing("st-1")]
    stop(agent, fake_link)
    assert archive.path is not None
    (block,) = blocks(archive.path)
    open_at = [block.alarms[each] for each in block.open.tolist()]
    assert open_at[-1] == "+".join(standing)
    assert open_at[100] == ""


def test_readings_are_archived_once_however_often_their_commit_fails(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, archive: Archive, tmp_path: Path
) -> None:
    agent = start_agent(archive=archive)
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    fake_link.incoming = [readings(10)]
    for _ in range(3):
        agent.turn()
        fake_clock.time += 10
    write(archive)
    assert archive.report().readings == 0
    other.execute("rollback")
    agent.turn()
    write(archive)
    assert archive.path is not None
    assert numbers(archive.path) == list(range(1, 11))
    stop(agent, fake_link)


def test_the_journal_keeps_the_state_for_an_archive_that_was_killed(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, archive: Archive, tmp_path: Path
) -> None:
    agent = start_agent(archive=archive)
    fake_link.incoming = [readings(120)]
    agent.turn()
    states = [body["state"] for body in fake_link.on(TOPICS.score("st-1"))]
    archive._writer.close(5)  # type: ignore[union-attr]  # as a kill leaves it: nothing is written
    fake_link.connected = True
    again = Archive(ArchiveSettings(), tmp_path / "archive.db", fake_clock)
    agent = start_agent(archive=again)
    fake_link.incoming = [readings(1, first=120)]
    agent.turn()
    stop(agent, fake_link)
    found = blocks(tmp_path / "archive.db")
    assert np.concatenate([block.numbers for block in found]).tolist() == list(range(1, 122))
    assert [NUMBERED_STATES[each] for each in found[0].verdicts.tolist()] == states


def test_an_archive_that_cannot_be_written_costs_no_reading_and_is_in_health(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    archive = Archive(ArchiveSettings(), tmp_path / "nowhere" / "archive.db", fake_clock)
    agent = start_agent(archive=archive)
    fake_link.incoming = [readings(120)]
    agent.turn()
    assert len(fake_link.on(TOPICS.score("st-1"))) == 120
    assert len([each for each in fake_link.happened if each.startswith("ack")]) == 120
    wait(archive)
    fake_clock.time += 60
    agent.turn()
    reported = fake_link.on(TOPICS.health)[-1]["archive"]
    assert (reported["state"], reported["waiting"], reported["lost"]) == ("io", 120, 0)
    assert "nowhere" in reported["problem"]
    stop(agent, fake_link)


def test_the_peak_and_the_duration_of_an_alarm_outlive_a_kill_right_after_it_has_closed(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, archive: Archive, tmp_path: Path
) -> None:
    agent = start_agent(archive=archive, alarms=Alarms(default=AlarmRule(m_of_n=(3, 5), clear_after=5, hold=5)))
    fake_link.incoming = [readings(120), readings(106, first=120)[:100]]  # the second without the leak at its end
    agent.turn()
    agent.turn()
    closed = {each.id: each for each in archive._alarms.values() if each.closed}
    assert {each.kind for each in closed.values()} >= {"methane"}
    archive._writer.close(5)  # type: ignore[union-attr]  # as a kill leaves it: nothing is written
    again = Archive(ArchiveSettings(), tmp_path / "archive.db", fake_clock)
    agent = start_agent(archive=again)
    stop(agent, fake_link)
    found = alarms(tmp_path / "archive.db")
    assert {each: found[each] for each in closed} == closed


def test_a_request_with_a_number_that_no_database_holds_does_not_end_the_agent(
    start_agent: StartAgent, fake_link: FakeLink, archive: Archive
) -> None:
    agent = start_agent(archive=archive)
    body = {"station": "st-1", "after": 2**63, "transaction": 1}
    fake_link.incoming = [[message(body, topic=TOPICS.request("collect/block")), *readings(3)]]
    agent.turn()
    agent.turn()
    (answer,) = fake_link.on(TOPICS.response("collect/block"))
    assert answer["status"] == "error"
    assert len(fake_link.on(TOPICS.score("st-1"))) == 3
    stop(agent, fake_link)


def test_a_reading_that_comes_late_does_not_get_the_alarms_of_when_it_comes(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, archive: Archive
) -> None:
    agent = start_agent(archive=archive)
    begin = fake_clock.time - 60 * 120
    rows = [dict(json.loads(each.payload)) for each in readings(120)]
    stamped = [message(row | {"ts": begin + 60 * i}, mid=i + 1) for i, row in enumerate(rows) if i != 90]
    fake_link.incoming = [stamped]
    agent.turn()
    assert agent._panel.standing("st-1")
    fake_link.incoming = [[message(rows[90] | {"ts": begin + 60 * 90}, mid=200)]]
    agent.turn()
    stop(agent, fake_link)
    assert archive.path is not None
    (block,) = blocks(archive.path)
    assert block.times[-1] == begin + 60 * 90
    assert block.open[-2] > 0
    assert block.open[-1] == -1
