"""Defines the answers to requests: one message or more below ``response/``, with these keys in every one of them."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from config.settings.alarms import AlarmKind
from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Event

Data = TypeVar("Data", bound=msgspec.Struct)


class NoData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class Answer(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, tag_field="status", tag="ok"):
    """An answer, or one part of it.

    Parameters
    ----------
    data
        What was asked for.
    error
        Always ``None`` here.
    transaction
        That of the request.
    """

    data: Data
    error: None = None
    transaction: str | int | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="error"):
    """The answer to a request that is not carried out.

    Parameters
    ----------
    data
        Empty.
    error
        What was got, what was expected, and the fix.
    transaction
        That of the request, if it could be read.
    """

    data: NoData = NoData()
    error: str
    transaction: str | int | None = None


class AcknowledgeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``alarm/acknowledge``.

    Parameters
    ----------
    events
        What happened to the alarm, if it stands.
    closed
        The label of an alarm that has closed; ``None`` for one that stood.
    """

    events: list[Event]
    closed: AlarmLabel | None = None


class ShelveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``alarm/shelve``.

    Parameters
    ----------
    events
        What happened to the alarm, if one stands.
    shelved
        Everything that is shelved now: station -> kind -> end, RFC 3339.
    """

    events: list[Event]
    shelved: dict[str, dict[AlarmKind, str]]


class RateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``rate/set``.

    Parameters
    ----------
    exceedances_per_1000
        Requested exceedances per 1000 readings from now on [-].
    until
        Until when.
    """

    exceedances_per_1000: float
    until: str


class SchemaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``schema``.

    Parameters
    ----------
    name
        Name of the message; ``None``: none was asked for.
    schema
        Its JSON Schema, draft 2020-12; ``None``: none was asked for.
    messages
        Every message that has a schema: name -> a sentence about it.
    """

    name: str | None
    schema: dict[str, Any] | None
    messages: dict[str, str]


class DiscoveryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``discovery/publish`` and ``discovery/clear``.

    Parameters
    ----------
    topics
        Topics on which Home Assistant finds a device from now on, or none any more.
    """

    topics: list[str]


class ModelUploadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``model/offer`` and ``model/chunk``.

    Parameters
    ----------
    sha256
        SHA-256 of the file.
    received
        How much of it has come [B]: the next chunk begins there.
    bytes
        Its size [B].
    """

    sha256: str
    received: int
    bytes: int


class SyntheticRows(msgspec.Struct, frozen=True, kw_only=True):
    """Data of the answer to ``synthesize``, one part of the rows.

    Parameters
    ----------
    station
        Whose rows they are.
    columns
        Keys of the columns, or with ``format: csv`` their names.
    units
        Their units.
    rows
        The rows: an array of arrays, or with ``format: csv`` a text, whose first part begins with the header.
    seed
        Seed by which the same rows are drawn again; on another kind of processor to within 1e-5 relative.
    bundle
        Id of the bundle that they were drawn from.
    part, parts
        Number of this part, from 1, and how many there are.
    """

    station: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    rows: list[list[float]] | str
    seed: int
    bundle: str
    part: int
    parts: int
