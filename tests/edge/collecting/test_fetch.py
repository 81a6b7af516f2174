"""What had arrived when a collection begins is collected, whatever the clocks and the archive do."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from config.settings.archive import ArchiveSettings
from edge.archive.archive import Archive
from edge.archive.archived_block import ArchivedBlock
from edge.collecting import fetch as fetching
from edge.collecting.fetch import ask_for_stations, fetch
from edge.collecting.spool import Spool
from edge.errors import RequestError
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, reading, send, write
from tests.edge.collecting.local_requester import LocalRequester

NOW = T0 + 100 * 60


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def archive(tmp_path: Path, clock: FakeClock) -> Iterator[Archive]:
    archive = Archive(ArchiveSettings(), tmp_path / "archive.db", clock)
    yield archive
    archive.close()


@pytest.fixture
def requester(archive: Archive, clock: FakeClock) -> LocalRequester:
    return LocalRequester(archive, clock)


def fetched(requester: LocalRequester, folder: Path) -> tuple[list[int], str]:
    """Fetch everything of st-1; return the numbers of its readings, and what was printed."""
    said = io.StringIO()
    with closing(Spool(folder / "recent.csv.part", "st-1", 0.0)) as spool:
        fetch(requester, spool, ask_for_stations(requester), station="st-1", since=0.0, out=said)
        with spool.transaction() as db:
            rows = db.execute("select data from blocks order by id").fetchall()
    found = [ArchivedBlock.from_bytes(row[0]).numbers for row in rows]
    return np.concatenate(found).tolist() if found else [], said.getvalue()


def test_blocks_from_when_the_gateways_clock_was_ahead_do_not_end_the_collection(
    archive: Archive, requester: LocalRequester, tmp_path: Path
) -> None:
    send(archive, range(1, 6))
    write(archive)
    archive.note("st-1", STATION, reading(6)._replace(received=NOW + 1e9))
    archive.settle(())
    write(archive)
    send(archive, range(7, 12))
    write(archive)
    assert fetched(requester, tmp_path) == (list(range(1, 12)), "")


def test_readings_in_memory_are_collected_although_the_clock_has_gone_back_since(
    archive: Archive, requester: LocalRequester, clock: FakeClock, tmp_path: Path
) -> None:
    send(archive, range(1, 6))
    clock.time = T0 - 3600
    assert fetched(requester, tmp_path) == ([1, 2, 3, 4, 5], "")


def test_a_station_that_goes_on_sending_does_not_keep_the_collection_going(
    archive: Archive, requester: LocalRequester, clock: FakeClock, tmp_path: Path
) -> None:
    send(archive, range(1, 6))

    def another(number: int) -> None:
        clock.time += 60
        archive.note("st-1", STATION, reading(5 + number)._replace(received=clock.time))
        archive.settle(())
        assert number < 100

    requester.happens = another  # type: ignore[method-assign]
    numbers, _ = fetched(requester, tmp_path)
    assert numbers[:5] == [1, 2, 3, 4, 5]


def test_the_latest_readings_are_waited_for_however_long_those_before_took(
    archive: Archive, requester: LocalRequester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_WRITTEN_WITHIN", 0.4)
    send(archive, range(1, 6))
    write(archive)
    send(archive, range(6, 9))
    requester.happens = lambda number: time.sleep(0.5 * (number == 2))  # type: ignore[method-assign]
    assert fetched(requester, tmp_path) == (list(range(1, 9)), "")


def test_an_archive_that_is_begun_anew_meanwhile_is_said(
    archive: Archive, requester: LocalRequester, tmp_path: Path
) -> None:
    for start in (1, 11):
        send(archive, range(start, start + 10))
        write(archive)

    def replace(number: int) -> None:
        if number == 3:
            assert archive.path is not None
            archive.path.unlink()
            send(archive, range(21, 23))
            write(archive)

    requester.happens = replace  # type: ignore[method-assign]
    with pytest.raises(RequestError, match="begun anew meanwhile"):
        fetched(requester, tmp_path)
    requester.happens = lambda number: None  # type: ignore[method-assign]
    numbers, _ = fetched(requester, tmp_path)
    assert numbers == [*range(1, 11), 21, 22]
