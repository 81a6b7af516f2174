"""Answers the requests by which the archive is collected; each answer is one small message, and remembers nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from edge.agent.answers import Answer
from edge.agent.collect_messages import (
    AlarmsAnswer,
    AlarmsRequest,
    BlockAnswer,
    BlockRequest,
    ColumnsAnswer,
    ColumnsRequest,
    HoldingsAnswer,
    HoldingsRequest,
)
from edge.agent.request_bodies import TransactionId
from edge.archive import tables
from edge.archive.archive import Archive
from edge.archive.archive_reader import read_archive
from edge.clock import Clock
from edge.errors import ArchiveError, RequestError

Answerer = Callable[[Any, int | None], Iterator[msgspec.Struct]]

_LARGEST = 64 << 10  # [B] of an answer where the broker names no limit
_LEAST = 64  # [B] of a piece
_HOLDING = 300  # [B] that a station takes in an answer, whatever its name and numbers are
_MOST_ALARMS = 50


class CollectRequests:
    """Answers ``collect/...``; whoever asks may stop and go on at any time, and so may the agent.

    Parameters
    ----------
    archive
        The archive.
    clock
        Tells the gateway's time.
    recall
        Lets the archive have what only the journal has of a station since a kill.

    Attributes
    ----------
    verbs : mapping
        Verb -> the type of its body, and what answers it.
    """

    def __init__(self, archive: Archive, clock: Clock, recall: Callable[[str], None] = lambda station: None) -> None:
        self._archive = archive
        self._clock = clock
        self._recall = recall
        self.verbs: Mapping[str, tuple[type[msgspec.Struct], Answerer]] = {
            "collect/stations": (HoldingsRequest, self._holdings),
            "collect/block": (BlockRequest, self._block),
            "collect/columns": (ColumnsRequest, self._columns),
            "collect/alarms": (AlarmsRequest, self._alarms),
        }

    def _holdings(self, request: HoldingsRequest, room: int | None) -> Iterator[msgspec.Struct]:
        contents, problem = self._archive.contents, self._archive.problem
        if contents is None:
            raise RequestError(self._none())
        rows = self._archive.holdings()
        answer = HoldingsAnswer(
            archive=contents.id, now=self._clock.now(), rows=[], problem=problem, part=len(rows), parts=len(rows)
        )
        most = max(1, _room(answer, request.transaction, room) // _HOLDING)
        parts = max(1, -(-len(rows) // most))
        return (
            msgspec.structs.replace(answer, rows=rows[most * part : most * (part + 1)], part=part + 1, parts=parts)
            for part in range(parts)
        )

    def _block(self, request: BlockRequest, room: int | None) -> Iterator[msgspec.Struct]:
        with self._reading() as db:
            found = tables.next_block(db, request.station, request.after, request.since)
            archive = tables.archive_id(db)
        if found is None:
            self._recall(request.station)
            until = self._clock.now() if request.until is None else request.until
            waiting = self._archive.pending(request.station, until)
            return iter([BlockAnswer(archive=archive, station=request.station, waiting=waiting)])
        answer = BlockAnswer(
            archive=archive,
            station=request.station,
            block=found.id,
            columns=found.columns,
            first=found.first,
            last=found.last,
            readings=found.readings,
            number=found.number,
            received=found.received,
            size=len(found.data),
            offset=request.offset,
        )
        data = _piece(found.data, request.offset, _room(answer, request.transaction, room))
        return iter([msgspec.structs.replace(answer, data=data)])

    def _columns(self, request: ColumnsRequest, room: int | None) -> Iterator[msgspec.Struct]:
        columns_id = request.id or self._archive.columns_of(request.station or "")
        if columns_id is None:
            raise RequestError("got neither the id of columns nor a station that has sent, expected one of them")
        with self._reading() as db:
            found = tables.columns_of(db, columns_id) or self._archive.columns(columns_id)
        if found is None:
            raise RequestError(f'id: got "{columns_id[:64]}", expected columns of a block')
        whole = found.encode()
        answer = ColumnsAnswer(id=columns_id, size=len(whole), offset=request.offset, data=b"")
        data = _piece(whole, request.offset, _room(answer, request.transaction, room))
        return iter([msgspec.structs.replace(answer, data=data)])

    def _alarms(self, request: AlarmsRequest, room: int | None) -> Iterator[msgspec.Struct]:
        waiting = self._archive.pending_alarms()
        with self._reading() as db:
            found = tables.alarms_of(db, request.station, request.after, _MOST_ALARMS)
        answer = AlarmsAnswer(alarms=[], next=request.after)
        left = _room(answer, request.transaction, room) + len(str(request.after)) - 20
        alarms, after = [], request.after
        for row, alarm in found:
            left -= len(msgspec.json.encode(alarm)) + 1
            if left < 0:
                break
            alarms.append(alarm)
            after = row
        if found and not alarms:
            raise RequestError(_too_small(room))
        more = len(alarms) < len(found) or len(found) == _MOST_ALARMS
        return iter([AlarmsAnswer(alarms=alarms, next=after if more else None, waiting=waiting)])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._archive.path is None or self._archive.contents is None:
            raise RequestError(self._none())
        try:
            with read_archive(self._archive.path) as db:
                yield db
        except ArchiveError as error:
            if error.kind == "corrupt":  # the thread that writes has not come there, and replaces it
                self._archive.doubt()
            raise RequestError(str(error)) from error

    def _none(self) -> str:
        if self._archive.path is None:
            return "this gateway keeps no archive; fix: archive.max_mb in its gateway.yaml"
        return self._archive.problem or "the archive is not open yet; try again in a second"


def _room(answer: msgspec.Struct, transaction: TransactionId, room: int | None) -> int:
    """Return how many bytes more than those of an answer fit into a message."""
    return (_LARGEST if room is None else room) - len(msgspec.json.encode(Answer(data=answer, transaction=transaction)))


def _piece(whole: bytes, offset: int, room: int) -> bytes:
    """Return the piece from an offset on that fits into so many bytes of base64."""
    size = room // 4 * 3
    if size < _LEAST:
        raise RequestError(_too_small(room))
    return whole[offset : offset + size]


def _too_small(room: int | None) -> str:
    return f"the broker takes messages that have room for {room} bytes only; fix: max_packet_size in mosquitto.conf"
