"""Requests for the archive are answered in messages that the broker takes, and refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from config.settings.archive import ArchiveSettings
from edge.agent.answers import Answer
from edge.agent.collect_messages import BlockRequest
from edge.agent.collect_requests import CollectRequests
from edge.agent.request_reader import read_request
from edge.archive.archive import Archive
from edge.archive.archived_block import ArchivedBlock
from edge.errors import RequestError
from tests.doubles import FakeClock
from tests.edge.archive.archives import STATION, T0, pack, reading, send, wait, write
from tests.edge.archive.test_archive import CLOSED

ROOM = 1000


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(ArchiveSettings(), tmp_path / "archive.db", FakeClock(T0 + 1e5))
    wait(archive)
    yield archive
    archive.close()


def ask(archive: Archive, verb: str, room: int | None = ROOM, **body: Any) -> list[Any]:
    """Return the parts of an answer, each of which has to fit into a message."""
    struct, answer = CollectRequests(archive, FakeClock(T0 + 1e6)).verbs[verb]
    request = msgspec.convert(body | {"transaction": "x" * 40}, struct)
    parts = list(answer(request, room))
    for part in parts:
        size = len(msgspec.json.encode(Answer(data=part, transaction=request.transaction)))  # type: ignore[attr-defined]
        assert room is None or size <= room
    return parts


def test_a_block_comes_in_pieces_that_together_are_the_block(archive: Archive) -> None:
    noise = Random(1)
    for n in range(1, 801):
        archive.note("st-1", STATION, reading(n)._replace(values=pack(noise.random(), noise.random())))
    archive.settle(())
    write(archive)
    data, size = b"", 1
    while len(data) < size:
        (piece,) = ask(archive, "collect/block", station="st-1", offset=len(data))
        assert piece.offset == len(data)
        size = piece.size
        data += piece.data
    assert size > ROOM
    assert ArchivedBlock.from_bytes(data).numbers.tolist() == list(range(1, 801))
    (end,) = ask(archive, "collect/block", station="st-1", after=piece.block)
    assert (end.block, end.waiting) == (None, False)


def test_readings_in_memory_are_written_when_they_are_asked_for(archive: Archive) -> None:
    send(archive, range(1, 5))
    (first,) = ask(archive, "collect/block", station="st-1")
    assert (first.block, first.waiting) == (None, True)
    wait(archive)
    (second,) = ask(archive, "collect/block", station="st-1")
    assert second.readings == 4


def test_readings_that_came_later_are_not_waited_for(archive: Archive) -> None:
    send(archive, range(1, 5))
    (answer,) = ask(archive, "collect/block", station="st-1", until=T0)
    assert (answer.block, answer.waiting) == (None, False)


def test_columns_come_in_pieces(archive: Archive) -> None:
    send(archive, range(1, 5))
    write(archive)
    (block,) = ask(archive, "collect/block", None, station="st-1")
    data, size = b"", 1
    while len(data) < size:
        (piece,) = ask(archive, "collect/columns", 400, id=block.columns, offset=len(data))
        size, data = piece.size, data + piece.data
    assert msgspec.json.decode(data, type=type(STATION)) == STATION


def test_many_stations_come_in_parts(archive: Archive) -> None:
    for i in range(20):
        send(archive, range(1, 3), station=f"st-{i}")
    write(archive)
    parts = ask(archive, "collect/stations")
    assert len(parts) > 1
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    assert {row.station for part in parts for row in part.rows} == {f"st-{i}" for i in range(20)}


def test_alarms_come_as_many_as_fit(archive: Archive) -> None:
    archive.note_events([msgspec.structs.replace(CLOSED, id=f"a-{i}") for i in range(120)])
    assert ask(archive, "collect/alarms", station="st-1")[0].waiting
    wait(archive)
    found: list[str] = []
    after: int | None = 0
    while after is not None:
        (answer,) = ask(archive, "collect/alarms", 3000, station="st-1", after=after)
        found += [alarm.id for alarm in answer.alarms]
        after = answer.next
    assert found == [f"a-{i}" for i in range(120)]


@pytest.mark.parametrize(
    ("verb", "body", "reason"),
    [
        ("collect/columns", {"id": "nope"}, "expected columns of a block"),
        ("collect/columns", {}, "got neither the id of columns nor a station"),
    ],
)
def test_what_there_is_not_is_refused(archive: Archive, verb: str, body: dict[str, Any], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        ask(archive, verb, **body)


def test_a_broker_that_takes_next_to_nothing_is_named(archive: Archive) -> None:
    send(archive, range(1, 5))
    write(archive)
    with pytest.raises(RequestError, match="max_packet_size"):
        ask(archive, "collect/block", 300, station="st-1")


def test_a_gateway_without_an_archive_says_so(tmp_path: Path) -> None:
    archive = Archive(ArchiveSettings(max_mb=0), tmp_path / "archive.db", FakeClock(T0))
    with pytest.raises(RequestError, match=r"keeps no archive; fix: archive\.max_mb"):
        ask(archive, "collect/stations")


def test_what_is_wrong_with_the_file_is_the_reason(tmp_path: Path) -> None:
    archive = Archive(ArchiveSettings(), tmp_path / "nowhere" / "archive.db", FakeClock(T0))
    wait(archive)
    with pytest.raises(RequestError, match="nowhere"):
        ask(archive, "collect/block", station="st-1")
    archive.close()


def test_a_damaged_file_is_refused_then_set_aside_and_what_comes_is_collected(archive: Archive) -> None:
    send(archive, range(1, 3000))
    write(archive)
    path = archive.path
    assert path is not None
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * (path.stat().st_size - 4096 * 3))
    with pytest.raises(RequestError, match=r"fix: nothing: it is set aside as \.damaged"):
        ask(archive, "collect/block", None, station="st-1", after=1)
    wait(archive)
    send(archive, range(3000, 3005))
    write(archive)
    (answer,) = ask(archive, "collect/block", None, station="st-1")
    assert answer.readings == 5
    assert path.with_name("archive.db.damaged").exists()


@pytest.mark.parametrize("field", ["after", "offset"])
def test_numbers_that_no_database_holds_are_refused(field: str) -> None:
    for number in (2**63, 2**64, 10**30, -1):
        with pytest.raises(RequestError, match=f"{field}: got"):
            read_request({"station": "st-1", field: number}, BlockRequest)
