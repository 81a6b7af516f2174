"""The largest packet: what the broker announces holds, and without that what it ends connections for."""

from __future__ import annotations

import pytest

from edge.log import Log
from edge.mqtt.packet_limit import PacketLimit
from tests.doubles import FakeClock


@pytest.fixture
def limit(fake_clock: FakeClock) -> PacketLimit:
    return PacketLimit(fake_clock, Log("link", fake_clock))


def test_without_anything_known_there_is_no_limit(limit: PacketLimit) -> None:
    limit.announce(None)
    assert limit.value is None


def test_what_the_broker_announces_holds_for_its_connection(limit: PacketLimit) -> None:
    limit.announce(20_000)
    limit.note_end(largest_taken=100, largest_unanswered=19_000)
    limit.note_end(largest_taken=100, largest_unanswered=19_000)
    assert limit.value == 20_000
    limit.announce(None)
    assert limit.value is None


def test_packets_that_two_connections_in_a_row_ended_with_are_suspected_for_an_hour(
    limit: PacketLimit, fake_clock: FakeClock
) -> None:
    limit.note_end(largest_taken=900, largest_unanswered=50_000)
    assert limit.value is None
    limit.note_end(largest_taken=3_000, largest_unanswered=48_000)
    assert limit.value == 24_000
    fake_clock.time += 3601
    assert limit.value is None


@pytest.mark.parametrize(("taken", "unanswered"), [(50_000, 40_000), (0, 1_500), (0, 0)])
def test_what_was_taken_or_is_as_small_as_a_score_is_never_suspected(
    limit: PacketLimit, taken: int, unanswered: int
) -> None:
    limit.note_end(largest_taken=900, largest_unanswered=50_000)
    limit.note_end(largest_taken=taken, largest_unanswered=unanswered)
    limit.note_end(largest_taken=900, largest_unanswered=50_000)
    assert limit.value is None
