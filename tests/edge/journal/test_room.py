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
    """What is free on a disk [MB]."""

    def __init__(self, free: float) -> None:
        self.free = free


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(10.0)
    monkeypatch.setattr(Journal, "mb", property(lambda _: SIZE))
    monkeypatch.setattr(Journal, "free_mb", property(lambda _: disk.free))
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


def test_it_is_what_the_disk_has_room_for_beside_the_log(room: Room, disk: Disk) -> None:
    assert room.mb == 13 + 10 - 8


@pytest.mark.parametrize("free", [5000.0, float("inf")])  # infinite: the disk does not tell
def test_it_is_never_more_than_the_settings_allow(room: Room, disk: Disk, free: float) -> None:
    disk.free = free
    assert room.mb == 100


def test_a_disk_that_is_full_at_the_start_counts_after_five_looks(
    room: Room, disk: Disk, fake_clock: FakeClock
) -> None:
    disk.free = 0.0
    assert looks(room, fake_clock, 6) == [13] * 4 + [5, 5]  # until then, the journal only grows no further


def test_a_disk_that_is_full_for_four_minutes_costs_nothing(room: Room, disk: Disk, fake_clock: FakeClock) -> None:
    assert looks(room, fake_clock, 1) == [15]
    disk.free = 0.5
    assert looks(room, fake_clock, 4) == [15] * 4
    disk.free = 11.0
    assert looks(room, fake_clock, 1) == [16]
    disk.free = 0.5
    assert looks(room, fake_clock, 4) == [16] * 4


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
    disk.free = 45.0
    fake_clock.time += 60
    assert room.mb == 50
