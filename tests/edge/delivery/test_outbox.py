"""A message stays in the outbox until the broker has confirmed it."""

from __future__ import annotations

import pytest

from edge.delivery import outbox as module
from edge.delivery.outbox import Outbox
from edge.journal.transaction import OutboxRow
from edge.mqtt.link import Receipt
from tests.doubles import FakeClock, FakeLink


@pytest.fixture
def outbox(fake_link: FakeLink, fake_clock: FakeClock) -> Outbox:
    return Outbox(fake_link, fake_clock)


def answer(outbox: Outbox, link: FakeLink, refusal: str | None = None) -> list[int]:
    """Let the broker answer everything; return the rows that it confirms."""
    link.confirm(refusal)
    link.published.clear()
    return [row for receipt in link.receipts() if (row := outbox.process(receipt)) is not None]


def test_a_row_is_removed_once_the_broker_has_confirmed_it(outbox: Outbox, fake_link: FakeLink) -> None:
    row = outbox.put("event", "t", b"{}")
    outbox.send()
    outbox.send()
    (published,) = fake_link.published
    assert (published.topic, published.payload, published.qos, published.retain) == ("t", b"{}", 1, False)
    assert len(outbox) == 1
    assert answer(outbox, fake_link) == [row.id]
    assert len(outbox) == 0


def test_rows_of_the_journal_are_published_first_and_numbers_continue(
    fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    outbox = Outbox(fake_link, fake_clock, [OutboxRow(7, "event", "a", "t", b"old")])
    assert outbox.put("event", "t", b"new").id == 8
    for _ in range(2):
        outbox.send()
        answer(outbox, fake_link)
    assert fake_link.happened == ["publish t", "publish t"]
    assert len(outbox) == 0


def test_one_row_of_a_topic_is_in_flight_so_that_a_refusal_cannot_change_the_order(
    outbox: Outbox, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    first, second = outbox.put("event", "t", b"1"), outbox.put("close", "t", b"2")
    other = outbox.put("event", "u", b"3")
    outbox.send()
    assert [each.payload for each in fake_link.published] == [b"1", b"3"]
    fake_link.published.pop()
    assert answer(outbox, fake_link, "Not authorized") == []
    outbox.send()
    assert fake_link.published == []
    fake_clock.time += 1
    outbox.send()
    assert [each.payload for each in fake_link.published] == [b"1"]
    assert answer(outbox, fake_link) == [first.id]
    outbox.send()
    assert answer(outbox, fake_link) == [second.id]
    assert [row.id for row in outbox] == [other.id]


def test_a_refused_topic_holds_back_no_other(outbox: Outbox, fake_link: FakeLink) -> None:
    outbox.put("event", "refused", b"1")
    outbox.send()
    answer(outbox, fake_link, "Not authorized")
    row = outbox.put("event", "allowed", b"2")
    outbox.send()
    assert answer(outbox, fake_link) == [row.id]
    assert len(outbox) == 1


def test_a_lost_connection_loses_nothing(outbox: Outbox, fake_link: FakeLink) -> None:
    outbox.put("event", "t", b"1")
    outbox.send()
    lost = fake_link.published.pop()
    outbox.reconnected()
    outbox.send()
    assert [each.payload for each in fake_link.published] == [b"1"]
    assert outbox.process(Receipt(lost.mid, "t", None)) is None
    assert len(outbox) == 1


def test_no_more_is_in_flight_than_a_broker_accepts(outbox: Outbox, fake_link: FakeLink) -> None:
    for number in range(50):
        outbox.put("event", f"t/{number}", b"")
    outbox.send()
    assert len(fake_link.published) == 20
    for _ in range(2):
        answer(outbox, fake_link)
        outbox.send()
    assert len(answer(outbox, fake_link)) == 10
    assert len(outbox) == 0


def test_a_full_outbox_drops_dead_letters_then_closed_alarms_then_the_oldest(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 6)
    stands = outbox.put("event", "t", b"", "stands")
    over = [outbox.put("event", "t", b"", "over"), outbox.put("close", "t", b"", "over")]
    dead_letters = [outbox.put("deadletter", "d", b"") for _ in range(2)]
    outbox.put("event", "t", b"", "stands too")
    assert outbox.drop_excess() == []
    for gone in (*dead_letters, *over, stands):
        outbox.put("event", "t", b"", "new")
        assert outbox.drop_excess() == [gone.id]
    assert len(outbox) == 6
