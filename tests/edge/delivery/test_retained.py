"""The broker retains the latest content of each topic, and nothing that no longer applies."""

from __future__ import annotations

import pytest

from edge.delivery.retained import Retained
from tests.doubles import FakeClock, FakeLink


@pytest.fixture
def retained(fake_link: FakeLink, fake_clock: FakeClock) -> Retained:
    return Retained(fake_link, fake_clock, ["kept", "orphan"])


def answer(retained: Retained, link: FakeLink, refusal: str | None = None) -> list[str]:
    """Let the broker answer everything; return the topics that are cleared by it."""
    link.confirm(refusal)
    link.published.clear()
    return [topic for receipt in link.receipts() if (topic := retained.process(receipt)) is not None]


def test_the_latest_content_is_published_until_it_is_confirmed(retained: Retained, fake_link: FakeLink) -> None:
    retained.retain("kept", b"1")
    retained.retain("kept", b"2")
    retained.send()
    retained.send()
    (published,) = fake_link.published
    assert (published.payload, published.qos, published.retain) == (b"2", 1, True)
    retained.reconnected()
    retained.send()
    assert [each.payload for each in fake_link.published] == [b"2", b"2"]
    answer(retained, fake_link)
    retained.send()
    assert fake_link.published == []
    assert len(retained) == 0


def test_content_that_changes_while_in_flight_is_published_again(retained: Retained, fake_link: FakeLink) -> None:
    retained.retain("kept", b"1")
    retained.send()
    retained.retain("kept", b"2")
    answer(retained, fake_link)
    retained.send()
    assert [each.payload for each in fake_link.published] == [b"2"]


def test_a_new_topic_is_reported_for_the_journal(retained: Retained) -> None:
    assert [retained.retain(topic, b"1") for topic in ("kept", "new", "new")] == [False, True, False]


def test_orphans_are_cleared_once_and_forgotten_when_the_broker_confirms(
    retained: Retained, fake_link: FakeLink
) -> None:
    assert retained.clear_others({"kept"}) == 1
    retained.send()
    (published,) = fake_link.published
    assert (published.topic, published.payload, published.retain) == ("orphan", b"", True)
    assert retained.topics == {"kept", "orphan"}
    assert answer(retained, fake_link) == ["orphan"]
    assert retained.topics == {"kept"}


def test_a_station_that_comes_back_is_not_cleared(retained: Retained, fake_link: FakeLink) -> None:
    retained.clear_others({"kept"})
    retained.retain("orphan", b"1")
    retained.send()
    assert [each.payload for each in fake_link.published] == [b"1"]
    assert answer(retained, fake_link) == []
    assert retained.topics == {"kept", "orphan"}


def test_a_refused_topic_is_tried_again_later_and_holds_back_no_other(
    retained: Retained, fake_link: FakeLink, fake_clock: FakeClock
) -> None:
    retained.retain("kept", b"1")
    retained.send()
    answer(retained, fake_link, "Not authorized")
    retained.retain("other", b"2")
    retained.send()
    assert [each.topic for each in fake_link.published] == ["other"]
    answer(retained, fake_link)
    fake_clock.time += 1
    retained.send()
    assert [each.payload for each in fake_link.published] == [b"1"]


def test_sending_can_be_restricted_to_some_topics(retained: Retained, fake_link: FakeLink) -> None:
    retained.retain("alarm", b"1")
    retained.retain("state", b"2")
    retained.send(["state"])
    assert [each.topic for each in fake_link.published] == ["state"]
