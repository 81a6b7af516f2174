"""What cannot be committed waits, and is committed later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import JournalError
from edge.journal.committer import Committer
from edge.journal.journal import Journal
from edge.journal.transaction import OutboxRow, Transaction
from tests.doubles import FakeClock


def row(number: int) -> OutboxRow:
    return OutboxRow(number, "event", "a", "t", b"{}")


@pytest.fixture
def journal(tmp_path: Path, fake_clock: FakeClock) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", clock=fake_clock)
    yield journal
    journal.close()


@pytest.fixture
def committer(journal: Journal, fake_clock: FakeClock) -> Committer:
    return Committer(journal, lambda: [Transaction(outbox=[row(1), row(2)])], fake_clock)


def outbox_ids(journal: Journal) -> list[int]:
    return [number for (number,) in journal._db.execute("select id from outbox order by id")]


def test_what_is_urgent_is_committed_at_once_and_a_new_transaction_begun(
    committer: Committer, journal: Journal
) -> None:
    committer.transaction.outbox.append(row(1))
    assert committer.commit()
    assert committer.transaction == Transaction()
    assert outbox_ids(journal) == [1]


def test_deletions_wait_a_second_and_confirmed_scores_for_the_next_commit(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    committer.transaction.outbox.append(row(1))
    committer.commit()
    committer.transaction.delivered.append(1)
    assert committer.commit()
    assert outbox_ids(journal) == [1]
    fake_clock.time += 1
    assert committer.commit()
    assert outbox_ids(journal) == []
    fake_clock.time += 100
    committer.transaction.confirmed = 3
    assert committer.commit()
    assert committer.transaction.confirmed == 3


def test_while_it_is_locked_the_transaction_grows_and_retries_come_later_and_later(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    other = sqlite3.connect(journal._path, isolation_level=None)
    other.execute("begin immediate")
    committer.transaction.outbox.append(row(1))
    waits = []
    for _ in range(8):
        assert not committer.commit()
        assert committer.fault == "locked"
        assert committer.retry_in is not None
        waits.append(round(committer.retry_in, 3))
        fake_clock.time += committer.retry_in
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    committer.transaction.outbox.append(row(2))
    other.execute("rollback")
    assert committer.commit()
    assert (committer.fault, committer.retry_in) == (None, None)
    assert outbox_ids(journal) == [1, 2]


def test_before_the_retry_is_due_nothing_is_tried(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    other = sqlite3.connect(journal._path, isolation_level=None)
    other.execute("begin immediate")
    committer.transaction.outbox.append(row(1))
    committer.commit()
    other.execute("rollback")
    fake_clock.time += 0.05
    assert not committer.commit()


def test_a_fresh_journal_gets_the_snapshot(committer: Committer, journal: Journal) -> None:
    Path(journal._path).unlink()
    committer.transaction.outbox.append(row(3))
    assert committer.commit()
    assert outbox_ids(journal) == [1, 2, 3]
    assert journal.set_aside == 1


def test_a_journal_that_is_damaged_again_and_again_is_set_aside_once_a_minute(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    for seconds, set_aside in ((0, 1), (10, 1), (49, 1), (1, 2)):
        fake_clock.time += seconds
        Path(journal._path).unlink(missing_ok=True)
        committer.transaction.outbox.append(row(3))
        assert committer.commit() == (seconds in (0, 1))
        assert committer.fault == (None if seconds in (0, 1) else "corrupt")
        assert journal.set_aside == set_aside


def test_a_journal_that_cannot_be_read_is_replaced_at_once(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    committer.note_unread(JournalError("corrupt", "damaged"))
    assert committer.fault == "corrupt"
    assert committer.commit()
    assert (outbox_ids(journal), journal.set_aside) == ([1, 2], 1)


def test_what_is_left_is_committed_before_closing(
    committer: Committer, journal: Journal, fake_clock: FakeClock
) -> None:
    committer.transaction.delivered.append(1)
    committer.transaction.outbox.append(row(2))
    committer.close()
    assert Journal(journal._path, clock=fake_clock).recovered.outbox == [row(2)]
