"""Counts, times and costs in the health message."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.agent.health import Health
from edge.delivery.delivery import Delivery
from edge.errors import JournalError
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow
from edge.mqtt.topics import Topics
from tests.doubles import FakeClock, FakeLink

READING = ReadingRow(1, 1, None, 0.0, None, 0, 0, b"")


@pytest.fixture
def committer(tmp_path: Path, fake_clock: FakeClock) -> Committer:
    return Committer(Journal(tmp_path / "journal.db", clock=fake_clock), list, fake_clock)


def test_it_contains_counts_times_and_cost(fake_link: FakeLink, fake_clock: FakeClock, committer: Committer) -> None:
    health = Health(fake_clock)
    for milliseconds in range(1, 101):
        health.count_batch(milliseconds, milliseconds / 1000)
    health.readings = 5050
    fake_clock.time += 60
    delivery = Delivery(fake_link, Topics("davylamp/gw1"), fake_clock, committer.journal.recovered)
    message = msgspec.to_builtins(health.message(fake_link, delivery, committer, reports={}, requests=3))
    assert message["uptime_s"] == 60
    assert message["batch_ms"] == {"p50": 50.5, "p99": 99.01}
    assert (message["batches"], message["largest_batch"], message["readings"]) == (100, 100, 5050)
    assert (message["stations"], message["requests"], message["mqtt"]) == (0, 3, "5")
    assert {"scores", "events", "dead_letters", "dropped", "connections", "dropped_acks"} <= message.keys()
    assert 10 < message["rss_mib"] < 10_000
    assert message["cpu_s"] > 0


def test_before_the_first_batch_there_are_no_times(
    fake_link: FakeLink, fake_clock: FakeClock, committer: Committer
) -> None:
    delivery = Delivery(fake_link, Topics("davylamp/gw1"), fake_clock, committer.journal.recovered)
    message = msgspec.to_builtins(Health(fake_clock).message(fake_link, delivery, committer, reports={}, requests=0))
    assert message["batch_ms"] == {"p50": None, "p99": None}
    assert message["commit_ms"] == {"p50": None, "p99": None}


def test_it_names_the_journals_fault_and_what_is_held(
    fake_link: FakeLink, fake_clock: FakeClock, committer: Committer
) -> None:
    delivery = Delivery(fake_link, Topics("davylamp/gw1"), fake_clock, committer.journal.recovered)
    health = Health(fake_clock, duplicates=3, distrusted=2, clock_jumps=1)
    message = msgspec.to_builtins(health.message(fake_link, delivery, committer, reports={}, requests=0))
    assert message["journal"] == {"state": "ok", "mb": committer.journal.mb, "held": 0, "set_aside": 0}
    assert [message[each] for each in ("duplicates", "distrusted", "clock_jumps", "backlog", "outbox")] == [
        3,
        2,
        1,
        0,
        0,
    ]
    committer.note_unread(JournalError("full", "no room"))
    committer.transaction.readings = [READING] * 7
    message = msgspec.to_builtins(health.message(fake_link, delivery, committer, reports={}, requests=0))
    assert (message["journal"]["state"], message["journal"]["held"]) == ("full", 7)
