"""What the tests of the archive share: a station, readings, and a look into the file."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np

from config.settings.station import Feature, Station
from edge.archive import tables
from edge.archive.archive import Archive
from edge.archive.archive_reader import read_archive
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.archived_block import ArchivedBlock
from edge.archive.station_tail import ArchivedReading

T0 = 1_800_000_000.0
STATION = Station(
    name="pair",
    features=(
        Feature(key="ch4_ppb", name="CH4", unit="ppb", role="gas", range=(0.0, 1e6)),
        Feature(key="r_ohm", name="R", unit="Ohm", role="sensor", range=(0.0, 1e7)),
    ),
)


def pack(*values: float) -> bytes:
    return struct.pack(f"={len(values)}d", *values)


def reading(n: int, alarms: str | None = "", verdict: int = 1) -> ArchivedReading:
    """Return the n-th reading, one a minute."""
    return ArchivedReading(n, T0 + 60 * n, T0 + 60 * n + 1, verdict, alarms, pack(2000.0 + n, 1e4 + n / 8))


def send(archive: Archive, numbers: range, station: str = "st-1", alarms: str = "") -> None:
    """Note readings, and say that the journal has them."""
    for n in numbers:
        archive.note(station, STATION, reading(n, alarms))
    archive.settle(())


def wait(archive: Archive) -> None:
    """Wait until the thread has written, or has failed."""
    until = time.monotonic() + 20
    while archive.busy and time.monotonic() < until:
        time.sleep(0.002)
    assert not archive.busy


def write(archive: Archive) -> None:
    """Have everything written, and wait for it."""
    archive.flush()
    wait(archive)


def blocks(path: Path, station: str = "st-1") -> list[ArchivedBlock]:
    """Read a station's blocks."""
    found, after = [], 0
    with read_archive(path) as db:
        while (row := tables.next_block(db, station, after, 0.0)) is not None:
            found.append(ArchivedBlock.from_bytes(row.data))
            after = row.id
    return found


def numbers(path: Path, station: str = "st-1") -> list[int]:
    """Read the numbers of a station's readings, in the order of the file."""
    found = blocks(path, station)
    return np.concatenate([block.numbers for block in found]).tolist() if found else []


def alarms(path: Path, station: str = "st-1") -> dict[str, ArchivedAlarm]:
    """Read a station's alarms."""
    with read_archive(path) as db:
        return {alarm.id: alarm for _, alarm in tables.alarms_of(db, station, 0, 100)}
