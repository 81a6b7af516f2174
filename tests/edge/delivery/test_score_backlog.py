"""Scores are published until the broker has confirmed them."""

from __future__ import annotations

import pytest

from edge.delivery.score_backlog import SCORE_EXPIRY, ScoreBacklog
from edge.journal.transaction import Score
from edge.mqtt.topics import Topics
from tests.doubles import FakeClock, FakeLink

TOPICS = Topics("davylamp/gw1")


def scores(*numbers: int) -> list[Score]:
    return [("st-1", b'{"station":"st-1","n":%d}' % n) for n in numbers]


@pytest.fixture
def backlog(fake_link: FakeLink, fake_clock: FakeClock) -> ScoreBacklog:
    return ScoreBacklog(fake_link, TOPICS, fake_clock)


def answer(backlog: ScoreBacklog, link: FakeLink, refusal: str | None = None) -> int:
    """Let the broker answer everything; return how many answers were a marker's."""
    link.confirm(refusal)
    link.published.clear()
    return sum(backlog.process(receipt) for receipt in link.receipts())


def sent(link: FakeLink) -> list[tuple[int, bool]]:
    return [(each.body["n"], each.body.get("historical", False)) for each in link.published if each.qos == 0]


def test_a_marker_goes_behind_a_batch_unless_one_is_in_flight(backlog: ScoreBacklog, fake_link: FakeLink) -> None:
    backlog.put(scores(1, 2, 3))
    backlog.put(scores(4, 5))
    backlog.send()
    score, marker = (TOPICS.score("st-1"), 0), (TOPICS.marker, 1)
    assert [(each.topic, each.qos) for each in fake_link.published] == [score, score, score, marker, score, score]
    assert {(each.retain, each.expiry) for each in fake_link.published} == {(False, SCORE_EXPIRY)}
    assert fake_link.on(TOPICS.marker) == [{"batch": 1}]
    assert answer(backlog, fake_link) == 1
    assert (len(backlog), backlog.confirmed) == (1, 1)


def test_an_answer_confirms_every_batch_before_it(backlog: ScoreBacklog, fake_link: FakeLink) -> None:
    for number in (1, 2, 3):
        backlog.put(scores(number))
        backlog.send()
    answer(backlog, fake_link)
    backlog.put(scores(4))
    backlog.send()
    assert sent(fake_link) == [(4, False)]
    answer(backlog, fake_link)
    assert (len(backlog), backlog.confirmed, backlog.scores) == (0, 4, 4)


def test_unconfirmed_scores_are_published_again_as_historical_before_new_ones(
    backlog: ScoreBacklog, fake_link: FakeLink
) -> None:
    backlog.put(scores(1))
    backlog.put(scores(2, 3))
    backlog.send()
    fake_link.published.clear()
    backlog.reconnected()
    backlog.put(scores(4))
    backlog.send()
    assert sent(fake_link) == [(1, True), (2, True), (3, True), (4, False)]
    assert (backlog.scores, backlog.historical) == (7, 3)
    assert answer(backlog, fake_link) == 1
    assert [number for number, _ in backlog] == [2, 3]


def test_scores_of_the_journal_are_historical(fake_link: FakeLink, fake_clock: FakeClock) -> None:
    backlog = ScoreBacklog(fake_link, TOPICS, fake_clock, [(7, scores(70, 71)), (8, scores(72))])
    assert backlog.put(scores(73)) == 9
    backlog.send()
    assert sent(fake_link) == [(70, True), (71, True), (72, True), (73, False)]


def test_a_long_backlog_is_sent_a_few_batches_a_turn_and_waits_for_the_socket(
    fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    backlog = ScoreBacklog(fake_link, TOPICS, fake_clock, [(n, scores(n)) for n in range(1, 11)])
    turns = []
    while backlog.ready:
        backlog.send()
        turns.append(len(sent(fake_link)))
    assert turns == [4, 8, 10]
    backlog.put(scores(11))
    fake_link.congested = True
    backlog.send()
    assert len(sent(fake_link)) == 10


def test_without_a_connection_nothing_is_sent_and_later_it_is_historical(
    backlog: ScoreBacklog, fake_link: FakeLink
) -> None:
    fake_link.connected = False
    backlog.put(scores(1))
    backlog.send()
    assert not backlog.ready
    fake_link.connected = True
    backlog.reconnected()
    backlog.send()
    assert fake_link.on(TOPICS.score("st-1")) == [{"station": "st-1", "n": 1, "historical": True}]


def test_a_refused_marker_is_counted_and_does_not_hold_up_what_follows(
    backlog: ScoreBacklog, fake_link: FakeLink
) -> None:
    backlog.put(scores(1))
    backlog.send()
    answer(backlog, fake_link, "Not authorized")
    assert (backlog.refused, backlog.confirmed, len(backlog)) == (1, 1, 0)


def test_the_receipt_of_another_publication_confirms_no_score(backlog: ScoreBacklog, fake_link: FakeLink) -> None:
    fake_link.publish("elsewhere", b"", qos=1)
    backlog.put(scores(1))
    backlog.send()
    assert answer(backlog, fake_link) == 1


def test_scores_that_are_too_large_for_the_broker_are_left_out_and_hold_nothing_back(
    backlog: ScoreBacklog, fake_link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    fake_link.limit = 60
    large = ("st-1", b'{"station":"st-1","n":9,"more":"%s"}' % (b"x" * 60))
    backlog.put([*scores(1), large])
    backlog.put([large, *scores(2)])
    backlog.send()
    assert sent(fake_link) == [(1, False), (2, False)]
    assert backlog.refused == 2
    assert any("max_packet_size" in line for line in caplog.messages)


def test_a_batch_that_is_too_large_as_a_whole_is_confirmed_all_the_same(
    backlog: ScoreBacklog, fake_link: FakeLink
) -> None:
    fake_link.limit = 10
    backlog.put(scores(1, 2))
    backlog.send()
    assert [each.topic for each in fake_link.published] == [TOPICS.marker]
    assert answer(backlog, fake_link) == 1
    assert len(backlog) == 0
