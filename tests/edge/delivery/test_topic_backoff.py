"""A refused topic is left alone for longer and longer."""

from __future__ import annotations

from edge.delivery.topic_backoff import TopicBackoff
from tests.doubles import FakeClock


def test_the_delay_doubles_from_a_second_to_five_minutes_and_is_forgotten_on_success(fake_clock: FakeClock) -> None:
    backoff = TopicBackoff(fake_clock)
    assert backoff.is_due("a")
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        backoff.refused("a")
        fake_clock.time += delay - 0.01
        assert not backoff.is_due("a")
        assert backoff.is_due("b")
        fake_clock.time += 0.01
        assert backoff.is_due("a")
    backoff.accepted("a")
    backoff.refused("a")
    fake_clock.time += 1
    assert backoff.is_due("a")
