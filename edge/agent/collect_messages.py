"""Defines the bodies of the requests by which ``davylamp collect`` reads the archive, and their answers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.agent.request_bodies import TransactionId
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.tables import Holding

StationText = Annotated[str, Meta(min_length=1, max_length=200)]
_LARGEST = 2**53  # more than there is of anything, and exact in every language
Offset = Annotated[int, Meta(ge=0, le=_LARGEST)]


class HoldingsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``collect/stations``.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    """

    transaction: TransactionId = None


class BlockRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``collect/block``: a station's next block, or a piece of it.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        Name of the station.
    after
        Number of the block behind which the next one is asked for; 0: the first.
    offset
        Where in the block the piece begins [B].
    since
        Blocks that end before this time are passed over, Unix time [s].
    until
        Readings that arrived after this time need not be there, Unix time [s]; ``None``: now.
    """

    transaction: TransactionId = None
    station: StationText
    after: Offset = 0
    offset: Offset = 0
    since: float = 0.0
    until: float | None = None


class ColumnsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``collect/columns``: what the columns of blocks are, or a piece of that.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    id
        ``columns`` of a block.
    station
        Name of a station, in place of the id: its latest columns.
    offset
        Where the piece begins [B].
    """

    transaction: TransactionId = None
    id: StationText | None = None
    station: StationText | None = None
    offset: Offset = 0


class AlarmsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``collect/alarms``: a station's alarms, as many as fit into one message.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        Name of the station.
    after
        ``next`` of the answer before; 0: the first.
    """

    transaction: TransactionId = None
    station: StationText
    after: Offset = 0


class HoldingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``collect/stations``, one part of it.

    Parameters
    ----------
    archive
        Id of the archive: numbers of blocks mean something within it only.
    now
        The gateway's time, Unix time [s].
    rows
        What there is of each station.
    problem
        What is wrong with the archive; ``None``: nothing.
    part, parts
        Number of this part, from 1, and how many there are.
    """

    archive: str
    now: float
    rows: list[Holding]
    problem: str | None
    part: int
    parts: int


class BlockAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``collect/block``.

    Parameters
    ----------
    archive
        Id of the archive.
    station
        Name of the station.
    block
        Number of the block; ``None``: there is none behind ``after``.
    waiting
        Without a block: whether readings are being written that will be in one. Ask again in a moment.
    columns
        Id of what its columns are.
    first, last
        Earliest and latest time of its readings, Unix time [s].
    readings
        How many it has.
    number
        The agent's count of its last reading.
    received
        When that arrived, Unix time [s].
    size
        Size of the block [B].
    offset
        Where in it the piece begins [B].
    data
        The piece, in base64.
    """

    archive: str
    station: str
    block: int | None = None
    waiting: bool = False
    columns: str = ""
    first: float = 0.0
    last: float = 0.0
    readings: int = 0
    number: int = 0
    received: float = 0.0
    size: int = 0
    offset: int = 0
    data: bytes = b""


class ColumnsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``collect/columns``.

    Parameters
    ----------
    id
        Id of the columns.
    size
        Size of all of it [B].
    offset
        Where the piece begins [B].
    data
        The piece, in base64: what a station file says, as JSON.
    """

    id: str
    size: int
    offset: int
    data: bytes


class AlarmsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``collect/alarms``.

    Parameters
    ----------
    alarms
        Alarms, in the order in which they opened.
    next
        ``after`` of the next request; ``None``: these were the last.
    waiting
        Whether more of them, or their labels, are being written. Ask again in a moment, from the first on.
    """

    alarms: list[ArchivedAlarm]
    next: int | None
    waiting: bool = False
