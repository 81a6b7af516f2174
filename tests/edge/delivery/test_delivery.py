"""Delivery: what is handed over gets there, or is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.alarms.event import Event, Peak
from edge.delivery import delivery, outbox
from edge.delivery.delivery import Delivery
from edge.errors import ReadingError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.mqtt.message import Message
from edge.mqtt.topics import Topics
from edge.scoring.verdict import Verdict
from tests.doubles import FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")
TS = "2026-01-01T00:00:00.000Z"


class Handing:
    """Hands over, and lets the journal keep what it has to."""

    def __init__(self, link: Any, clock: Any, path: Path) -> None:
        self.journal = Journal(path, clock=clock)
        self.delivery = Delivery(link, TOPICS, clock, self.journal.past)
        self.batch = Transaction()

    def hand_over(self, verdicts: list[Verdict], events: list[Event]) -> None:
        self.delivery.hand_over(self.batch, verdicts, events)

    def refuse(self, payload: bytes, topic: str = "sensors/st-1/readings", at: str | None = None) -> None:
        self.delivery.refuse(self.batch, Message(topic, payload, received=0.0), ReadingError("reason", at))

    def turn(self) -> None:
        self.delivery.settle(self.batch)
        self.journal.commit(self.batch)
        self.batch = Transaction()
        self.delivery.send()


@pytest.fixture
def handing(fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path) -> Handing:
    return Handing(fake_link, fake_clock, tmp_path / "journal.db")


def verdict(n: int = 1) -> Verdict:
    return Verdict(station="st-1", n=n, state="ok", bundle="abc")


def event(number: int = 1) -> Event:
    return Event(
        event_type="open", id=f"e{number}", station="st-1", kind="methane", by="limit", ts=TS, opened=TS, closed=None,
        score=None, p=None, peak=Peak(ts=TS), culprit=None, contributions={}, count=3, acknowledged=False,
        shelved_until=None, bundle="abc", historical=False,
    )  # fmt: skip


def test_nothing_is_published_before_the_journal_has_kept_it(handing: Handing, fake_link: FakeLink) -> None:
    handing.hand_over([verdict(1), verdict(2)], [event()])
    handing.delivery.settle(handing.batch)
    assert fake_link.published == []
    handing.turn()
    assert [(each.topic, each.qos) for each in fake_link.published] == [
        ("davylamp/gw1/st-1/score", 0),
        ("davylamp/gw1/st-1/score", 1),
        ("davylamp/gw1/st-1/event", 1),
    ]
    assert not any(each.retain for each in fake_link.published)
    assert (handing.delivery.counts.scores, handing.delivery.counts.events) == (2, 1)


def test_what_is_not_confirmed_survives_a_restart_and_what_is_does_not(
    handing: Handing, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    handing.hand_over([verdict(1)], [event(1)])
    handing.turn()
    fake_link.confirm()
    handing.hand_over([verdict(2)], [event(2)])
    handing.turn()
    handing.journal.close()
    fake_link.published.clear()
    again = Handing(fake_link, fake_clock, tmp_path / "journal.db")
    assert (again.delivery.backlog, again.delivery.waiting) == (1, 1)
    again.turn()
    bodies = [each.body for each in fake_link.published]
    assert [(body.get("n"), body.get("id"), body["historical"]) for body in bodies] == [
        (2, None, True),
        (None, "e2", True),
    ]
    fake_link.confirm()
    again.turn()
    assert again.delivery.unsettled == 0


def test_the_outcome_of_a_lost_connection_is_sent_again(handing: Handing, fake_link: FakeLink) -> None:
    handing.hand_over([verdict(1)], [event(1)])
    handing.turn()
    fake_link.published.clear()
    fake_link.counts.connections += 1
    handing.turn()
    assert [each.topic.rsplit("/", 1)[1] for each in fake_link.published] == ["score", "event"]
    assert [each.body["historical"] for each in fake_link.published] == [True, True]
    handing.hand_over([], [event(2)])
    fake_link.confirm()
    handing.turn()
    assert fake_link.published[-1].body["historical"] is False


def test_what_the_broker_refuses_is_kept_and_tried_again(
    handing: Handing, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    handing.hand_over([], [event()])
    handing.turn()
    fake_link.confirm("Not authorized")
    handing.turn()
    assert (handing.delivery.waiting, len(fake_link.published)) == (1, 1)
    fake_clock.time += 1
    fake_link.published.clear()
    handing.turn()
    fake_link.confirm()
    handing.turn()
    assert handing.delivery.waiting == 0


def test_when_the_outbox_is_full_what_is_dropped_is_counted_and_not_kept(
    handing: Handing, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST", 3)
    fake_link.connected = False
    handing.refuse(b"bad")
    handing.turn()
    handing.refuse(b"bad")
    handing.hand_over([], [event(1), event(2), event(3)])
    handing.turn()
    assert (handing.delivery.waiting, handing.delivery.counts.dropped) == (3, 2)
    handing.journal.close()
    kept = Journal(handing.journal._path, clock=fake_clock).past.outbox
    assert [row.alarm for row in kept] == ["e1", "e2", "e3"]


def test_with_too_many_unconfirmed_batches_no_more_readings_should_be_taken(
    handing: Handing, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST", 2)
    for n in (1, 2):
        assert not handing.delivery.full
        handing.hand_over([verdict(n)], [])
        handing.turn()
    assert handing.delivery.full
    fake_link.confirm()
    handing.turn()
    assert not handing.delivery.full


def test_a_fresh_journal_gets_everything_that_is_on_its_way(
    handing: Handing, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    fake_link.connected = False
    handing.delivery.retain(handing.batch, "davylamp/gw1/state", {"state": "online"})
    for n in (1, 2):
        handing.hand_over([verdict(n)], [event(n)])
        handing.turn()
    fresh = Journal(tmp_path / "fresh.db", clock=fake_clock)
    for batch in handing.delivery.everything():
        fresh.commit(batch)
    fresh.close()
    handing.journal.close()
    assert (
        Journal(tmp_path / "fresh.db", clock=fake_clock).past == Journal(tmp_path / "journal.db", clock=fake_clock).past
    )


def test_a_dead_letter_is_delivered_like_an_event(handing: Handing, fake_link: FakeLink) -> None:
    handing.refuse(b'{"ch4_ppb": "x"}', at="ch4_ppb")
    handing.turn()
    (letter,) = fake_link.on("davylamp/gw1/deadletter")
    assert (letter["reason"], letter["at"]) == ("reason", "ch4_ppb")
    assert fake_link.published[0].qos == 1
    assert handing.delivery.counts.dead_letters == 1


def test_without_the_journal_only_presence_is_told(handing: Handing, fake_link: FakeLink) -> None:
    handing.delivery.retain(handing.batch, TOPICS.alarm("st-1"), {})
    handing.delivery.retain(handing.batch, TOPICS.state, {"state": "online"})
    handing.delivery.send_presence()
    assert [each.topic for each in fake_link.published] == [TOPICS.state]
