"""How large a journal may become on a disk that others fill and empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal.journal import Journal
from edge.journal.room import Room
from tests.doubles import FakeClock

SIZE = 13.0  # [MB]


class Disk:
    """What a disk has room for [MB]."""

    def __init__(self, room: float) -> None:
        self.room = room


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(15.0)
    monkeypatch.setattr(Journal, "mb", property(lambda _: SIZE))
    monkeypatch.setattr(Journal, "room_mb", property(lambda _: disk.room))
    return disk


@pytest.fixture
def room(tmp_path: Path, fake_clock: FakeClock, disk: Disk) -> Iterator[Room]:
    journal = Journal(tmp_path / "journal.db", max_mb=100, clock=fake_clock)
    yield Room(journal, fake_clock)
    journal.close()


def looks(room: Room, clock: FakeClock, minutes: int) -> list[float]:
    seen = []
    for _ in range(minutes):
        seen.append(room.mb)
        clock.time += 60
    return seen


def test_it_is_what_the_disk_has_room_for(room: Room, disk: Disk) -> None:
    assert room.mb == 15


def test_it_is_never_more_than_the_settings_allow(room: Room, disk: Disk) -> None:
    disk.room = 5000
    assert room.mb == 100


def test_a_disk_that_does_not_tell_is_as_large_as_the_settings_allow(room: Room, disk: Disk) -> None:
    disk.room = float("inf")
    assert room.mb == 100


def test_a_disk_that_is_full_at_the_start_counts_after_five_minutes(
    room: Room, disk: Disk, fake_clock: FakeClock
) -> None:
    disk.room = 5.0
    assert looks(room, fake_clock, 6) == [100] * 4 + [5, 5]


def test_a_disk_that_is_full_for_four_minutes_costs_nothing(room: Room, disk: Disk, fake_clock: FakeClock) -> None:
    assert looks(room, fake_clock, 1) == [15]
    disk.room = 5.0
    assert looks(room, fake_clock, 4) == [15] * 4
    disk.room = 16.0
    assert looks(room, fake_clock, 5) == [16] * 5


def test_a_journal_that_stays_full_has_a_quarter_less_every_20_s(room: Room, disk: Disk, fake_clock: FakeClock) -> None:
    sizes = []
    for _ in range(45):
        room.note_full()
        sizes.append(room.mb)
        fake_clock.time += 1
    assert sizes == pytest.approx([15.0] * 20 + [0.75 * 13] * 20 + [0.75**2 * 13] * 5)


def test_a_journal_that_is_full_now_and_then_loses_nothing(room: Room, disk: Disk, fake_clock: FakeClock) -> None:
    for _ in range(10):
        room.note_full()
        fake_clock.time += 11
    assert room.mb == 15


def test_it_grows_again_with_the_disk(room: Room, disk: Disk, fake_clock: FakeClock) -> None:
    for _ in range(21):
        room.note_full()
        fake_clock.time += 1
    assert room.mb < 10
    disk.room = 50.0
    fake_clock.time += 60
    assert room.mb == 50
