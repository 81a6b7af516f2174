"""A batch is bounded, and so is what waits while the link is held."""

from __future__ import annotations

from edge.mqtt.inbox import Inbox
from edge.mqtt.link import Counts
from edge.mqtt.packets import Publication


def message(number: int, qos: int = 1, size: int = 1) -> Publication:
    return Publication("a", bytes([number % 256]) * size, qos, retain=False, dup=False, mid=number)


def fill(inbox: Inbox, limit: int, *, qos: int = 1, size: int = 1) -> int:
    """Add a round of messages, as far as there is room; returns how many."""
    inbox.begin(1.0)
    count = 0
    while inbox.room and count < limit:
        count += 1
        inbox.put(message(count, qos, size))
    return count


def test_a_batch_is_bounded_in_messages_and_in_bytes() -> None:
    assert fill(Inbox(1, 10, Counts()), 50) == 10
    assert fill(Inbox(1, 10, Counts()), 50, size=300_000) == 4


def test_messages_carry_the_connection_and_the_time_of_their_round() -> None:
    inbox = Inbox(7, 10, Counts())
    inbox.begin(5.0)
    inbox.put(Publication("a", b"x", 1, retain=True, dup=True, mid=3))
    (taken,) = inbox.take()
    assert (taken.connection, taken.received, taken.mid, taken.dup, taken.retain) == (7, 5.0, 3, True, True)


def test_while_held_reading_goes_on_and_the_messages_are_handed_out_in_batches_later() -> None:
    inbox = Inbox(1, 10, Counts())
    inbox.held = True
    assert fill(inbox, 12) == 10
    assert fill(inbox, 12) == 10  # a receipt may be behind them
    assert inbox.take() == []
    assert not inbox.ready
    inbox.held = False
    assert inbox.ready
    assert not inbox.room
    assert [each.mid for each in inbox.take()] == list(range(1, 11))
    assert [each.mid for each in inbox.take()] == list(range(1, 11))
    assert not inbox.ready


def test_while_held_there_is_less_room_for_messages_at_qos_0() -> None:
    counts = Counts()
    inbox = Inbox(1, 10, counts)
    inbox.held = True
    for _ in range(5):
        fill(inbox, 10, qos=0)
    assert counts.dropped_while_held == 30
    fill(inbox, 10)
    inbox.held = False
    assert sum(len(inbox.take()) for _ in range(5)) == 30


def test_a_broker_that_ignores_receive_maximum_is_not_read_any_more() -> None:
    inbox = Inbox(1, 10, Counts())
    inbox.held = True
    while not inbox.full:
        assert fill(inbox, 10, size=200_000)
    inbox.held = False
    while inbox.ready:
        inbox.take()
    assert not inbox.full
