"""Defines the bodies of the requests about alarms, the rate, the schemas and the agent itself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.settings.alarms import AlarmKind
from edge.alarms.event import Label

LONGEST_SHELVING = 7 * 24 * 60
"""Longest time for which an alarm may be shelved [min]."""

LONGEST_TRANSACTION = 256
"""Most characters of a ``transaction``: it is echoed in every part of an answer."""

TransactionId = Annotated[str, Meta(max_length=LONGEST_TRANSACTION)] | int | None
Comment = Annotated[
    Annotated[str, Meta(max_length=1000)] | None, Meta(extra={"expected": "a text of at most 1000 characters, or null"})
]


class AcknowledgeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``alarm/acknowledge``: ``id``, or ``station`` and ``kind``; a label and a comment if known.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    id
        Id of the alarm.
    station, kind
        Its station and kind, in place of the id; ``fault``: every alarm of its that is not of methane.
    label
        What it was.
    comment
        The person's words.
    """

    transaction: TransactionId = None
    id: str | None = None
    station: str | None = None
    kind: Literal[AlarmKind, "fault"] | None = None
    label: Label | None = None
    comment: Comment = None


class ShelveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``alarm/shelve``: ``id``, or ``station`` and ``kind``; for how long (0 unshelves), and why.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    id
        Id of the alarm.
    station, kind
        Its station and kind, in place of the id; none of that kind needs to stand.
    minutes
        For how long [min]; 0 takes it off the shelf.
    comment
        Why.
    """

    transaction: TransactionId = None
    id: str | None = None
    station: str | None = None
    kind: AlarmKind | None = None
    minutes: Annotated[float, Meta(ge=0, le=LONGEST_SHELVING)]
    comment: Comment = None


class RateRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``rate/set``: the requested rate, for every kind and station.

    It outlives restarts, and holds until it is set again, or ``scoring.exceedances_per_1000`` in gateway.yaml changes.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    exceedances_per_1000
        Exceedances per 1000 readings [-], above 0 and at most 1000; ``None`` returns to gateway.yaml's.
    """

    transaction: TransactionId = None
    exceedances_per_1000: Annotated[float | None, Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 1000})]


class InfoRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``info``: any object.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    """

    transaction: TransactionId = None


class DiscoveryRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``discovery/publish`` and ``discovery/clear``.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    """

    transaction: TransactionId = None


class SchemaRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``schema``: which message's JSON Schema is asked for.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    name
        Name of the message, such as ``score`` or ``request/rate/set``; ``None``: only which there are.
    station
        With ``name: reading``: whose columns; may be omitted if there is only one bundle.
    """

    transaction: TransactionId = None
    name: str | None = None
    station: str | None = None


Sha256 = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}\Z", extra={"expected": "a SHA-256 in 64 lower-case hexadecimal digits"})
]


class ModelOfferRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``model/offer``: a bundle that is about to be sent in chunks; ``davylamp push`` sends it.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        The station that it is for.
    sha256
        SHA-256 of the file.
    bytes
        Its size [B].
    file
        Its name.
    issued
        When it was signed, Unix time [s].
    shadow
        Readings to score in shadow; ``None``: those of ``rollout.shadow_readings``.
    force
        Whether it is taken although it is older than the running one, or of a station of another name.
    signature
        Ed25519 signature of all this, in base64; ``None`` without one.
    """

    transaction: TransactionId = None
    station: str
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=1)]
    file: Annotated[str, Meta(min_length=1, max_length=200)]
    issued: Annotated[float, Meta(ge=0, le=10_000_000_000, extra={"expected": "a Unix time in seconds"})]
    shadow: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    force: bool = False
    signature: Annotated[str, Meta(max_length=200)] | None = None


class ModelChunkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``model/chunk``: a part of a bundle that was offered.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    sha256
        SHA-256 of the whole file.
    offset
        Where the part begins [B].
    data
        The part, in base64.
    """

    transaction: TransactionId = None
    sha256: Sha256
    offset: Annotated[int, Meta(ge=0)]
    data: str


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``model/status`` and ``model/activate``.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        The station; may be omitted if there is only one.
    """

    transaction: TransactionId = None
    station: str | None = None


class ModelRollbackRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``model/rollback``: back to the bundle before, or to one that is kept; one that waits is dropped.

    Parameters
    ----------
    transaction
        Anything by which the sender recognises the answer.
    station
        The station; may be omitted if there is only one.
    bundle
        Id of a bundle that is kept; ``None``: the one before.
    """

    transaction: TransactionId = None
    station: str | None = None
    bundle: str | None = None
