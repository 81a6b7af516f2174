"""The agent loses nothing, whatever happens to its journal or to itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.agent.agent import Agent
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow
from edge.mqtt.message import Message
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message


def leak(*seqs: int) -> list[Message]:
    return [message(GOOD | {"ch4_ppb": 9000.0, "seq": seq}, mid=seq) for seq in seqs]


def health(agent: Agent, link: FakeLink, clock: FakeClock) -> Any:
    """The next health message."""
    clock.time += 60
    agent.turn()
    return link.on(TOPICS.health)[-1]


def test_what_cannot_be_committed_is_held_reported_and_committed_later(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = start_agent()
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    fake_link.incoming = [leak(1, 2, 3)]
    agent.turn()
    assert fake_link.happened == ["hold", "flush"]
    journal = health(agent, fake_link, fake_clock)["journal"]
    assert (journal["state"], journal["held"]) == ("locked", 3)
    reports = {TOPICS.health, TOPICS.counts("st-1")}
    assert {each.topic for each in fake_link.published} == reports
    fake_link.ready = True
    agent.turn()
    assert {each.topic for each in fake_link.published} == {*reports, TOPICS.state, TOPICS.info}
    other.execute("rollback")
    fake_clock.time += 10
    fake_link.happened.clear()
    agent.turn()
    assert [each for each in fake_link.happened if each.startswith("ack")] == ["ack 1", "ack 2", "ack 3"]
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1"))] == [1, 2, 3]
    assert fake_link.happened.index("ack 1") > fake_link.happened.index(f"publish {TOPICS.score('st-1')}")
    assert "methane" in {body["kind"] for body in fake_link.on(TOPICS.event("st-1"))}
    assert health(agent, fake_link, fake_clock)["journal"]["state"] == "ok"


def test_a_lost_journal_is_begun_again_with_everything_in_memory(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = start_agent()
    fake_link.ready = True
    fake_link.incoming = [leak(1, 2, 3), leak(4)]
    agent.turn()
    (tmp_path / "journal.db").unlink()
    agent.turn()
    assert "ack 4" in fake_link.happened
    assert health(agent, fake_link, fake_clock)["journal"]["set_aside"] == 1
    standing = [event.id for event in agent._panel.standing()]
    fake_link.published.clear()
    fake_link.connected = False
    again = start_agent()
    assert again._stations["st-1"].state.n == 4
    assert [event.id for event in again._panel.standing()] == standing
    assert again._delivery.waiting >= 1
    assert again._committer.journal.recovered.filters == {
        "sensors/+/readings",
        TOPICS.requests,
        "homeassistant/status",
    }
    assert TOPICS.state in again._committer.journal.recovered.retained


def test_while_a_station_cannot_be_recovered_its_readings_wait_and_none_is_lost(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start_agent()
    fake_link.incoming = [leak(1, 2)]
    agent.turn()
    agent = start_agent()
    journal = agent._committer.journal

    def refuse(station: int, last: int) -> list[ReadingRow]:
        raise JournalError("io", "the disk is away")

    fake_link.happened.clear()
    fake_link.published.clear()
    with monkeypatch.context() as patch:
        patch.setattr(journal, "readings", refuse)
        fake_link.incoming = [leak(2, 3)]
        agent.turn()
        assert agent._committer.fault == "io"
        assert not any(each.startswith("ack") for each in fake_link.happened)
    fake_clock.time += 1
    for _ in range(2):
        agent.turn()
    assert [each for each in fake_link.happened if each.startswith("ack")] == ["ack 2", "ack 3"]
    assert [body["n"] for body in fake_link.on(TOPICS.score("st-1")) if not body["historical"]] == [3]
    assert agent._health.duplicates == 1


def test_a_killed_agent_goes_on_where_it_was(start_agent: StartAgent, fake_link: FakeLink) -> None:
    agent = start_agent()
    fake_link.incoming = [leak(1, 2, 3)]
    agent.turn()
    first = {each.payload for each in fake_link.published if not each.retain}
    fake_link.published.clear()
    fake_link.in_flight = 0
    fake_link.counts.connections += 1
    fake_link.ready = True
    again = start_agent()
    fake_link.incoming = [leak(2, 3, 4)]
    again.turn()
    scores = fake_link.on(TOPICS.score("st-1"))
    assert [(body["n"], body["seq"], body.get("historical", False)) for body in scores] == [
        (1, 1, True), (2, 2, True), (3, 3, True), (4, 4, False),
    ]  # fmt: skip
    events = [each.payload for each in fake_link.published if each.topic == TOPICS.event("st-1")]
    assert events
    assert {event.replace(b'"historical":true', b'"historical":false') for event in events} <= first
    assert fake_link.on(TOPICS.alarm("st-1"))[-1]["alarm"] == "ON"


def test_a_station_of_before_the_start_is_announced_and_its_silence_is_noticed(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent(stale_after=100.0)
    fake_link.incoming = [leak(1)]
    agent.turn()
    fake_link.published.clear()
    agent = start_agent(stale_after=100.0)
    fake_link.ready = True
    agent.turn()
    assert [body["state"] for body in fake_link.on(TOPICS.availability("st-1"))] == ["offline"]
    fake_clock.time += 101
    agent.turn()
    fake_link.confirm()
    agent.turn()
    assert [body["kind"] for body in fake_link.on(TOPICS.event("st-1"))][-1] == "stale"
    fake_link.incoming = [leak(2)]
    agent.turn()
    assert fake_link.on(TOPICS.availability("st-1"))[-1]["state"] == "online"


def test_topics_of_stations_that_are_gone_are_cleared(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = start_agent(topic="old/{station}")
    fake_link.incoming = [[message(GOOD, topic="old/st-9")]]
    agent.turn()
    fake_link.published.clear()
    agent = start_agent()
    fake_link.ready = True
    agent.turn()
    cleared = {each.topic for each in fake_link.published if each.retain and not each.payload}
    assert cleared == {TOPICS.availability("st-9"), TOPICS.alarm("st-9"), TOPICS.model("st-9")}
    fake_link.confirm()
    agent.turn()
    fake_clock.time += 2
    agent.turn()
    agent._committer.journal.close()
    assert Journal(tmp_path / "journal.db", clock=fake_clock).recovered.retained == {TOPICS.state, TOPICS.info}
