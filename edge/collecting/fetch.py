"""Fetches a station's archive from a running agent, block by block."""

from __future__ import annotations

import time
from typing import Any, TextIO

import msgspec

from edge.agent.collect_messages import BlockAnswer
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.archived_block import ArchivedBlock
from edge.archive.tables import BlockRow, Holding
from edge.clock import rfc3339
from edge.collecting.requester import Requester
from edge.collecting.spool import Spool
from edge.errors import ArchiveError, RequestError

_MOMENT = 0.2  # [s] until readings that are being written are asked for again
_WRITTEN_WITHIN = 10.0  # [s] that the gateway gets for that
_TRIES = 3  # to fetch a block that changes, or is damaged on its way


class Gathering(msgspec.Struct, frozen=True):
    """What a gateway has to be collected.

    Parameters
    ----------
    archive
        Id of its archive.
    now
        Its time, Unix time [s].
    holdings
        Station -> what there is of it.
    problem
        What is wrong with the archive; ``None``: nothing.
    """

    archive: str
    now: float
    holdings: dict[str, Holding]
    problem: str | None


def ask_for_stations(requester: Requester) -> Gathering:
    """Ask a gateway what it has; raises RequestError or BrokerError."""
    parts = list(requester.ask("collect/stations"))
    rows = [msgspec.convert(row, Holding) for part in parts for row in part["rows"]]
    last = parts[-1]
    return Gathering(last["archive"], last["now"], {row.station: row for row in rows}, last["problem"])


def fetch(requester: Requester, spool: Spool, gathering: Gathering, *, station: str, since: float, out: TextIO) -> None:
    """Fetch everything of a station that the spool does not have, up to what had arrived when it was begun.

    Parameters
    ----------
    requester
        Asks the agent.
    spool
        Where it goes; each block is kept as soon as it is whole.
    gathering
        What the gateway has said.
    station
        Name of the station.
    since
        Blocks that end before this time are passed over, Unix time [s].
    out
        Stream for what is left out.

    Raises
    ------
    RequestError
        The agent refuses.
    BrokerError
        Nobody answers.
    ArchiveError
        The spool cannot be written.
    """
    given_up: float | None = None
    newest = gathering.holdings[station].block
    after = spool.after(gathering.archive)
    while True:
        ask = {"station": station, "after": after, "since": since, "until": gathering.now}
        head = msgspec.convert(_one(requester, "collect/block", **ask), BlockAnswer)
        if head.archive != gathering.archive:
            raise RequestError(f"{station}: its archive was begun anew meanwhile; fix: the same command again")
        if head.block is None:
            if not head.waiting:
                break
            given_up = given_up or time.monotonic() + _WRITTEN_WITHIN
            if time.monotonic() > given_up:
                print(f"{station}: the latest readings are not written yet and are left out", file=out, flush=True)
                break
            time.sleep(_MOMENT)
            continue
        if not spool.knows(head.columns):
            spool.put_columns(head.columns, _columns(requester, head.columns))
        data = _whole(requester, head, ask)
        after = head.block
        if data is None:
            lost = f"{head.readings} readings up to {rfc3339(head.last)} are left out"
            print(f"{station}: block {head.block} of the archive is damaged: {lost}", file=out, flush=True)
            continue
        row = BlockRow(
            head.block, station, head.columns, head.first, head.last, head.readings, head.number, head.received, data
        )
        spool.put_block(gathering.archive, row)
        if head.block > newest and head.received >= gathering.now:
            break  # of what was there, blocks may have come when the clock was wrong
    _fetch_alarms(requester, spool, station)


def _whole(requester: Requester, head: BlockAnswer, ask: dict[str, Any]) -> bytes | None:
    """Fetch the rest of a block, and look at it; ``None``: it is damaged in the archive."""
    for _ in range(_TRIES):
        data = head.data
        while len(data) < head.size:
            piece = msgspec.convert(_one(requester, "collect/block", **ask, offset=len(data)), BlockAnswer)
            if piece.block != head.block or not piece.data:
                break  # the ring has gone on meanwhile
            data += piece.data
        try:
            ArchivedBlock.from_bytes(data)
        except ArchiveError:
            continue
        return data
    return None


def _columns(requester: Requester, columns_id: str) -> str:
    data, size = b"", 1
    while len(data) < size:
        answer = _one(requester, "collect/columns", id=columns_id, offset=len(data))
        size = answer["size"]
        data += msgspec.convert(answer["data"], bytes)
    return data.decode()


def _fetch_alarms(requester: Requester, spool: Spool, station: str) -> None:
    given_up = time.monotonic() + _WRITTEN_WITHIN
    after: int | None = 0
    while after is not None:
        answer = _one(requester, "collect/alarms", station=station, after=after)
        if not after and answer["waiting"] and time.monotonic() < given_up:
            time.sleep(_MOMENT)
            continue
        spool.put_alarms(msgspec.convert(answer["alarms"], list[ArchivedAlarm]))
        after = answer["next"]


def _one(requester: Requester, verb: str, **fields: Any) -> dict[str, Any]:
    return next(requester.ask(verb, **fields))
