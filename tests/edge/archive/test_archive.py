"""The archive keeps what was committed, within its bounds, and nothing that happens to its file reaches the agent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from config.settings.archive import ArchiveSettings
from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Event, Peak
from edge.archive.archive import Archive
from edge.journal.transaction import ReadingRow
from edge.readings.station_clock.placement import PLACED, STAMP_NOT_USED, VERDICT
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, alarms, blocks, numbers, pack, reading, send, wait, write

EVENT = Event(
    event_type="open", id="a-1", station="st-1", kind="methane", by="limit", ts="2027-01-15T08:00:00.000Z",
    opened="2027-01-15T08:00:00.000Z", closed=None, score=None, p=None,
    peak=Peak(ts="2027-01-15T08:03:00.000Z", level_ppb=9000.0, unit="[ppb]", level=9000.0), culprit="r_ohm",
    contributions={}, count=3, acknowledged=False, shelved_until=None, bundle="b", historical=False,
)  # fmt: skip
CLOSED = msgspec.structs.replace(
    EVENT, event_type="close", closed="2027-01-15T09:00:00.000Z", duration_s=3600.0, closed_because="cleared"
)
LABEL = AlarmLabel(
    ts="2027-01-15T10:00:00.000Z", alarm_id="a-1", station="st-1", kind="methane", label="plume", comment="valve 3",
    opened=EVENT.opened, closed=CLOSED.closed, bundle="b",
)  # fmt: skip


def again(archive: Archive, path: Path, clock: FakeClock, settings: ArchiveSettings | None = None) -> Archive:
    archive.close()
    return Archive(settings or ArchiveSettings(), path, clock)


def test_a_reading_comes_back_with_its_verdict_and_its_alarms(archive: Archive, path: Path) -> None:
    archive.note("st-1", STATION, reading(1))
    archive.note("st-1", STATION, reading(2, "a-1+a-2", 5))
    archive.settle(())
    write(archive)
    (block,) = blocks(path)
    assert block.values.tolist() == [[2001.0, 10000.125], [2002.0, 10000.25]]
    assert block.times.tolist() == [T0 + 60, T0 + 120]
    assert block.verdicts.tolist() == [1, 5]
    assert [block.alarms[each] for each in block.open.tolist()] == ["", "a-1+a-2"]


def test_what_the_journal_has_not_committed_is_not_kept(archive: Archive, path: Path) -> None:
    send(archive, range(1, 3))
    archive.note("st-1", STATION, reading(3))
    write(archive)
    assert numbers(path) == [1, 2]


def test_it_is_written_once_an_hour_or_when_there_are_many(archive: Archive, path: Path, clock: FakeClock) -> None:
    send(archive, range(1, 1024))
    clock.time += 3599
    archive.turn()
    wait(archive)
    assert numbers(path) == []
    assert archive.report().waiting == 1023
    send(archive, range(1024, 1030))
    wait(archive)
    assert numbers(path) == list(range(1, 1025))
    clock.time += 1
    archive.turn()
    wait(archive)
    assert numbers(path) == list(range(1, 1030))


def test_the_oldest_readings_go_first_when_the_file_is_full(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(max_mb=1), path, clock)
    noise = iter(range(1, 10**6))
    for _ in range(120):
        for n in (next(noise) for _ in range(1024)):
            values = pack(n * 1.2345678901234e-5 % 0.1, n * 9.876543210987e-6 % 0.1)
            archive.note("st-1", STATION, reading(n)._replace(values=values))
        archive.settle(())
        wait(archive)
    archive.close()
    kept = numbers(path)
    assert path.stat().st_size <= 1_000_000
    assert kept == list(range(kept[0], 120 * 1024 + 1))
    assert len(kept) > 20_000


def test_what_is_older_than_its_days_goes_but_never_the_last_block(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(days=2), path, clock)
    archive.note_events([CLOSED])
    for start in (1, 1001):
        send(archive, range(start, start + 10))
        write(archive)
    clock.time = T0 + 60 * 1010 + 2 * 86_400 + 7 * 86_400
    send(archive, range(5000, 5010))
    write(archive)
    assert numbers(path) == list(range(5000, 5010))
    assert alarms(path) == {}
    clock.time += 90 * 86_400
    write(archive)
    archive.close()
    assert numbers(path) == list(range(5000, 5010))


def test_alarms_of_readings_that_a_station_has_stored_for_months_stay_as_long_as_these(
    archive: Archive, path: Path, clock: FakeClock
) -> None:
    old = msgspec.structs.replace(CLOSED, opened="2024-01-15T08:00:00.000Z", closed="2024-01-15T09:00:00.000Z")
    archive.note_events([old])
    archive.settle([msgspec.structs.replace(LABEL, opened=old.opened, closed=old.closed)])
    for _ in range(3):
        clock.time += 29 * 86_400
        write(archive)
    assert alarms(path)["a-1"].label == "plume"
    clock.time += 34 * 86_400
    send(archive, range(1, 3))
    write(archive)
    send(archive, range(3, 5))
    write(archive)
    assert alarms(path) == {}


def test_a_clock_that_is_wrong_for_an_hour_does_not_cost_everything(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    for start in range(1, 1001, 10):
        send(archive, range(start, start + 10))
        write(archive)
    clock.time += 40 * 365 * 86_400.0
    write(archive)
    archive.note_events([CLOSED])
    write(archive)
    archive.close()
    assert numbers(path)[0] <= 171
    assert numbers(path)[-1] == 1000


def test_a_file_that_may_be_smaller_than_it_was_shrinks(path: Path, clock: FakeClock) -> None:
    large = Archive(ArchiveSettings(max_mb=8), path, clock)
    for start in range(1, 100 * 1024, 1024):
        for n in range(start, start + 1024):
            large.note("st-1", STATION, reading(n)._replace(values=os.urandom(16)))
        large.settle(())
        wait(large)
    small = again(large, path, clock, ArchiveSettings(max_mb=1))
    assert path.stat().st_size > 1_500_000
    for _ in range(2):
        send(small, range(200_000, 200_010))
        write(small)
    small.close()
    assert path.stat().st_size <= 1_000_000
    assert numbers(path)[-1] == 200_009


def test_a_closed_alarm_keeps_its_peak_its_duration_and_its_culprit_with_the_label(
    archive: Archive, path: Path, clock: FakeClock
) -> None:
    archive.note_events([EVENT])
    archive.note_events([CLOSED])
    write(archive)
    archive.settle([LABEL])
    write(archive)
    (found,) = alarms(path).values()
    assert (found.peak_ts, found.peak_level, found.unit) == ("2027-01-15T08:03:00.000Z", 9000.0, "[ppb]")
    assert (found.duration_s, found.culprit, found.closed) == (3600.0, "r_ohm", CLOSED.closed)
    assert (found.label, found.comment) == ("plume", "valve 3")


def test_a_label_is_written_soon_and_an_alarm_that_flaps_seldom(archive: Archive, path: Path, clock: FakeClock) -> None:
    archive.note_events([CLOSED])
    clock.time += 20
    archive.turn()
    wait(archive)
    assert alarms(path)["a-1"].label is None
    archive.settle([LABEL])
    clock.time += 20
    archive.turn()
    wait(archive)
    assert alarms(path)["a-1"].label == "plume"
    archive.note_events([msgspec.structs.replace(CLOSED, id="a-2")])
    clock.time += 500
    archive.turn()
    wait(archive)
    assert alarms(path).keys() == {"a-1"}
    clock.time += 100
    archive.turn()
    wait(archive)
    assert alarms(path).keys() == {"a-1", "a-2"}


def row(n: int, **changes: object) -> ReadingRow:
    own = {"ts": T0 + 60 * n, "received": T0 + 60 * n + 1, "place": PLACED + VERDICT} | changes
    return ReadingRow(station=1, n=n, seq=None, key=n, values=pack(2000.0 + n, 1e4 + n / 8), **own)  # type: ignore[arg-type]


def test_what_a_kill_cost_comes_from_the_journal_and_nothing_twice(path: Path, clock: FakeClock) -> None:
    killed = Archive(ArchiveSettings(), path, clock)
    send(killed, range(1, 51))
    write(killed)
    send(killed, range(51, 61))  # in memory only
    killed._writer.close(5)  # type: ignore[union-attr]  # without a last write, as a kill leaves it
    archive = Archive(ArchiveSettings(), path, clock)
    archive.resume("st-1", STATION, [row(n) for n in range(11, 61)])
    send(archive, range(61, 63))
    write(archive)
    archive.close()
    assert numbers(path) == list(range(1, 63))
    found = blocks(path)[1]
    assert found.numbers.tolist() == list(range(51, 61))
    assert set(found.open.tolist()) == {-1}
    assert found.verdicts.tolist() == [1] * 10
    assert found.values.tolist() == [[2000.0 + n, 1e4 + n / 8] for n in range(51, 61)]


def test_a_journal_that_was_begun_anew_counts_from_one_and_costs_nothing(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    send(archive, range(1, 101))
    archive = again(archive, path, clock)
    later = [row(n, ts=T0 + 9000 + n, received=T0 + 9000 + n) for n in range(1, 6)]
    archive.resume("st-1", STATION, later)
    archive.close()
    assert numbers(path) == [*range(1, 101), *range(1, 6)]


def test_a_stamp_that_was_not_used_is_replaced_by_the_arrival(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    archive.resume("st-1", STATION, [row(1, ts=5.0, place=PLACED + STAMP_NOT_USED), row(2, ts=None)])
    archive.close()
    assert blocks(path)[0].times.tolist() == [T0 + 61, T0 + 121]


def test_stamps_of_a_clock_that_is_off_are_corrected_as_they_were_published(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(), path, clock)
    archive.resume("st-1", STATION, [row(1), row(2, place=PLACED + STAMP_NOT_USED), row(3)], -7200.0)
    archive.close()
    assert blocks(path)[0].times.tolist() == [T0 + 60 - 7200, T0 + 121, T0 + 180 - 7200]


def test_a_label_stays_when_the_end_of_its_alarm_comes_after_it(archive: Archive, path: Path) -> None:
    archive.settle([LABEL])
    write(archive)
    archive.note_events([CLOSED])
    write(archive)
    (found,) = alarms(path).values()
    assert (found.label, found.comment, found.duration_s) == ("plume", "valve 3", 3600.0)


def test_nothing_is_kept_where_it_is_switched_off(path: Path, clock: FakeClock) -> None:
    archive = Archive(ArchiveSettings(max_mb=0), path, clock)
    send(archive, range(1, 4))
    write(archive)
    assert archive.report().state == "off"
    archive.close()
    assert not path.exists()


def test_only_its_owner_may_read_it(archive: Archive, path: Path) -> None:
    before = os.umask(0)
    try:
        write(archive)
        send(archive, range(1, 3))
        write(archive)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_copy_of_the_file_alone_has_everything_that_was_written(archive: Archive, path: Path, tmp_path: Path) -> None:
    send(archive, range(1, 500))
    write(archive)
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    assert numbers(copy) == list(range(1, 500))


def test_a_process_that_is_killed_while_it_writes_leaves_whole_blocks(path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from edge.clock import SystemClock
from tests.edge.archive.archives import send, write
archive = Archive(ArchiveSettings(), Path({str(path)!r}), SystemClock())
send(archive, range(10, 20))
write(archive)
print("begun", flush=True)
for start in range(1, 10**7, 10):
    send(archive, range(start, start + 10))
    archive.flush()
"""
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(0.3)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        process.stdout.close()
        kept = numbers(path)
        assert len(kept) % 10 == 0
    assert kept
