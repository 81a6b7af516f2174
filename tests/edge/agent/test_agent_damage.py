"""Readings go on when the journal is damaged, and what the broker sends again after its own crash counts once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.agent.agent import Agent
from edge.mqtt.message import Message
from edge.readings.duplicates import LOOK_BACK
from tests.doubles import GOOD, FakeClock, FakeLink
from tests.edge.agent.agents import TOPICS, StartAgent, message

_PAGE = 2048


def sent(*seqs: int, station: str = "st-1", connection: int = 1) -> list[Message]:
    """Readings in a batch of one connection; the last of them is a leak."""
    topic = f"sensors/{station}/readings"
    return [
        replace(message(GOOD | {"seq": seq}, topic=topic, mid=seq % 65535 + 1), connection=connection) for seq in seqs
    ]


def turns(agent: Agent, link: FakeLink, batches: Sequence[list[Message]]) -> None:
    """Let the agent take batches, and the broker confirm everything."""
    link.incoming += batches
    while link.incoming:
        agent.turn()
        link.confirm()


def scored(link: FakeLink, station: str = "st-1") -> list[tuple[int, int]]:
    """Number and counter of every live score."""
    return [(body["n"], body["seq"]) for body in link.on(TOPICS.score(station)) if not body["historical"]]


def test_a_damaged_page_of_readings_is_set_aside_at_once_and_readings_go_on(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    agent = start_agent()
    turns(agent, fake_link, [sent(*range(first, first + 100)) for first in range(1, 601, 100)])
    agent._committer.close()
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        pages = db.execute("select pageno from dbstat where name = 'readings' and pagetype = 'leaf'").fetchall()
    with path.open("r+b") as file:
        file.seek((pages[len(pages) // 2][0] - 1) * _PAGE)
        file.write(b"\xff" * 64)
    fake_link.published.clear()
    agent = start_agent()
    turns(agent, fake_link, [sent(601), sent(602)])
    agent.turn()
    assert [seq for _, seq in scored(fake_link)] == [601, 602]
    assert [n for n, _ in scored(fake_link)] == [601, 602]  # the count was readable, so it goes on
    assert agent._committer.journal.set_aside == 1
    assert len(agent._committer.journal.readings(1)) > 500


@pytest.mark.parametrize("restart", [False, True], ids=["the agent goes on", "the agent restarts"])
@pytest.mark.parametrize("stamped", [True, False], ids=["counted", "with neither time nor counter"])
def test_a_broker_that_forgot_what_was_acknowledged_sends_more_again_than_memory_holds_and_nothing_counts_twice(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock, *, stamped: bool, restart: bool
) -> None:
    count = LOOK_BACK + 600

    def backlog(connection: int) -> list[list[Message]]:
        bodies: list[Any] = [
            GOOD | ({"seq": n} if stamped else {}) | {"ch4_ppb": 1900.0 + n * 7919 % 200 + n / 1e5}
            for n in range(1, count + 1)
        ]
        messages = [
            replace(message(body, mid=n), connection=connection, received=1.8e9 + connection + n / 1000)
            for n, body in enumerate(bodies, 1)
        ]
        return [messages[first : first + 128] for first in range(0, count, 128)]

    agent = start_agent()
    turns(agent, fake_link, backlog(1))
    assert agent._stations["st-1"].state.n == count
    if restart:
        agent = start_agent()
    turns(agent, fake_link, backlog(2))
    new = replace(message(GOOD | {"seq": count + 1} if stamped else GOOD, mid=count + 1), connection=2)
    turns(agent, fake_link, [[new]])
    # After a restart, nothing shows of the first message without time and counter that it is not a stuck sensor's.
    doubled = agent._stations["st-1"].state.n - count - 1
    assert doubled == (restart and not stamped)
    assert agent._health.duplicates == count - doubled


def test_what_is_sent_again_is_expected_until_the_broker_is_quiet(
    start_agent: StartAgent, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    agent = start_agent()
    turns(agent, fake_link, [sent(5, 6, 7)])
    turns(agent, fake_link, [sent(5, connection=2)])
    duplicates = agent._stations["st-1"].duplicates
    assert duplicates._resending is not None
    fake_clock.time += 3
    agent.turn()
    assert duplicates._resending is None
    assert agent._stations["st-1"].state.n == 3


def test_a_station_that_gives_way_leaves_nothing_behind_and_keeps_its_numbers(
    start_agent: StartAgent,
    fake_link: FakeLink,
    fake_clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.agent.stations.MOST_STATIONS", 2)
    agent = start_agent()
    fake_link.ready = True
    turns(agent, fake_link, [sent(*range(1, 31), station="real")])
    leak = GOOD | {"ch4_ppb": 9000.0}
    turns(agent, fake_link, [[message(leak | {"seq": n}, topic="sensors/leak/readings", mid=n) for n in (1, 2, 3)]])
    opened = {body["id"] for body in fake_link.on(TOPICS.event("leak")) if body["event_type"] == "open"}
    assert opened
    for number in range(4):
        fake_clock.time += 1
        turns(agent, fake_link, [sent(1, 2, 3, 4, station=f"new-{number}")])
    turns(agent, fake_link, [[], []])
    assert sorted(station.name for station in agent._stations) == ["new-3", "real"]
    closed = [body for body in fake_link.on(TOPICS.event("leak")) if body["event_type"] == "close"]
    assert {body["id"] for body in closed} == opened
    assert {body["closed_because"] for body in closed} == {"forgotten"}
    last = {each.topic: each.payload for each in fake_link.published if each.retain}
    for gone in ("leak", "new-0", "new-1", "new-2"):
        assert last[TOPICS.availability(gone)] == last[TOPICS.alarm(gone)] == b""
    with sqlite3.connect(tmp_path / "journal.db") as db:
        names = {name for (name,) in db.execute("select name from stations")}
        orphans = db.execute("select count(*) from readings where station not in (select id from stations)").fetchone()
        retained = {topic for (topic,) in db.execute("select topic from retained")}
    assert (names, orphans) == ({"new-3", "real"}, (0,))
    assert TOPICS.alarm("leak") not in retained
    turns(agent, fake_link, [sent(9, station="new-0")])
    (number, _) = scored(fake_link, "new-0")[-1]
    assert number > 4
