"""What is queued is delivered, or counted."""

from __future__ import annotations

from pathlib import Path

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


class Queue:
    """A delivery and its journal, turn by turn."""

    def __init__(self, link: FakeLink, clock: FakeClock, path: Path) -> None:
        self.journal = Journal(path, clock=clock)
        self.delivery = Delivery(link, TOPICS, clock, self.journal.recovered)
        self.transaction = Transaction()

    def put(self, verdicts: list[Verdict], events: list[Event]) -> None:
        self.delivery.queue_scores(self.transaction, verdicts)
        self.delivery.queue_events(self.transaction, events)

    def dead_letter(self, payload: bytes, topic: str = "sensors/st-1/readings", at: str | None = None) -> None:
        self.delivery.dead_letter(self.transaction, Message(topic, payload, received=0.0), ReadingError("reason", at))

    def turn(self) -> None:
        self.delivery.process_receipts(self.transaction)
        self.journal.commit(self.transaction)
        self.transaction = Transaction()
        self.delivery.send()


@pytest.fixture
def queue(fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path) -> Queue:
    return Queue(fake_link, fake_clock, tmp_path / "journal.db")


def verdict(n: int = 1) -> Verdict:
    return Verdict(station="st-1", n=n, ts=TS, received=TS, state="ok", bundle="abc")


def event(number: int = 1) -> Event:
    return Event(
        event_type="open", id=f"e{number}", station="st-1", kind="methane", by="limit", ts=TS, opened=TS, closed=None,
        score=None, p=None, peak=Peak(ts=TS), culprit=None, contributions={}, count=3, acknowledged=False,
        shelved_until=None, bundle="abc", historical=False,
    )  # fmt: skip


def test_nothing_is_published_before_the_journal_has_committed_it(queue: Queue, fake_link: FakeLink) -> None:
    queue.put([verdict(1), verdict(2)], [event()])
    queue.delivery.process_receipts(queue.transaction)
    assert fake_link.published == []
    queue.turn()
    assert [(each.topic, each.qos) for each in fake_link.published] == [
        ("davylamp/gw1/st-1/score", 0),
        ("davylamp/gw1/st-1/score", 0),
        ("davylamp/gw1/marker", 1),
        ("davylamp/gw1/st-1/event", 1),
    ]
    assert not any(each.retain for each in fake_link.published)
    assert (queue.delivery.counts.scores, queue.delivery.counts.events) == (2, 1)


def test_what_is_unconfirmed_survives_a_restart_and_the_rest_does_not(
    queue: Queue, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    queue.put([verdict(1)], [event(1)])
    queue.turn()
    fake_link.confirm()
    queue.put([verdict(2)], [event(2)])
    queue.turn()
    queue.journal.close()
    fake_link.published.clear()
    again = Queue(fake_link, fake_clock, tmp_path / "journal.db")
    assert (again.delivery.backlog, again.delivery.waiting) == (1, 1)
    again.turn()
    bodies = [each.body for each in fake_link.published if each.topic != TOPICS.marker]
    assert [(body.get("n"), body.get("id"), body["historical"]) for body in bodies] == [
        (2, None, True),
        (None, "e2", True),
    ]
    fake_link.confirm()
    again.turn()
    assert again.delivery.unconfirmed == 0


def test_what_a_lost_connection_left_unconfirmed_is_sent_again(queue: Queue, fake_link: FakeLink) -> None:
    queue.put([verdict(1)], [event(1)])
    queue.turn()
    fake_link.published.clear()
    fake_link.counts.connections += 1
    queue.turn()
    assert [each.topic.rsplit("/", 1)[1] for each in fake_link.published] == ["score", "marker", "event"]
    assert [each.body.get("historical") for each in fake_link.published] == [True, None, True]
    queue.put([], [event(2)])
    fake_link.confirm()
    queue.turn()
    assert fake_link.published[-1].body["historical"] is False


def test_what_the_broker_refuses_is_kept_and_tried_again(
    queue: Queue, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    queue.put([], [event()])
    queue.turn()
    fake_link.confirm("Not authorized")
    queue.turn()
    assert (queue.delivery.waiting, len(fake_link.published)) == (1, 1)
    fake_clock.time += 1
    fake_link.published.clear()
    queue.turn()
    fake_link.confirm()
    queue.turn()
    assert queue.delivery.waiting == 0


def test_what_a_full_outbox_drops_is_counted_and_not_journalled(
    queue: Queue, fake_link: FakeLink, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST", 3)
    fake_link.connected = False
    queue.dead_letter(b"bad")
    queue.turn()
    queue.dead_letter(b"bad")
    queue.put([], [event(1), event(2), event(3)])
    queue.turn()
    assert (queue.delivery.waiting, queue.delivery.counts.dropped) == (3, 2)
    queue.journal.close()
    journalled = Journal(queue.journal._path, clock=fake_clock).recovered.outbox
    assert [row.alarm for row in journalled] == ["e1", "e2", "e3"]


def test_with_too_many_unconfirmed_batches_no_more_readings_should_be_taken(
    queue: Queue, fake_link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST", 2)
    for n in (1, 2):
        assert not queue.delivery.full
        queue.put([verdict(n)], [])
        queue.turn()
    assert queue.delivery.full
    fake_link.confirm()
    queue.turn()
    assert not queue.delivery.full


def test_a_fresh_journal_gets_everything_unconfirmed(
    queue: Queue, fake_link: FakeLink, fake_clock: FakeClock, tmp_path: Path
) -> None:
    fake_link.connected = False
    queue.delivery.retain(queue.transaction, "davylamp/gw1/state", {"state": "online"})
    for n in (1, 2):
        queue.put([verdict(n)], [event(n)])
        queue.turn()
    fresh = Journal(tmp_path / "fresh.db", clock=fake_clock)
    for transaction in queue.delivery.snapshot():
        fresh.commit(transaction)
    fresh.close()
    queue.journal.close()
    fresh, original = (Journal(tmp_path / name, clock=fake_clock) for name in ("fresh.db", "journal.db"))
    assert fresh.recovered == original.recovered


def test_a_dead_letter_is_delivered_like_an_event(queue: Queue, fake_link: FakeLink) -> None:
    queue.dead_letter(b'{"ch4_ppb": "x"}', at="ch4_ppb")
    queue.turn()
    (letter,) = fake_link.on("davylamp/gw1/deadletter")
    assert (letter["reason"], letter["at"]) == ("reason", "ch4_ppb")
    assert fake_link.published[0].qos == 1
    assert queue.delivery.counts.dead_letters == 1


def test_without_the_journal_only_presence_is_published(queue: Queue, fake_link: FakeLink) -> None:
    queue.delivery.retain(queue.transaction, TOPICS.alarm("st-1"), {})
    queue.delivery.retain(queue.transaction, TOPICS.state, {"state": "online"})
    queue.delivery.send_presence()
    assert [each.topic for each in fake_link.published] == [TOPICS.state]
