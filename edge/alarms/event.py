"""Events: what davylamp says about an alarm that opens, goes on and closes, and what stands."""

from __future__ import annotations

from typing import Literal

import msgspec

from config.settings.alarms import AlarmKind

EventType = Literal["open", "update", "close"]
Label = Literal["plume", "fault", "false"]
"""What somebody says that an alarm was: gas, a sensor's fault, or nothing at all."""

Switch = Literal["ON", "OFF"]


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The strangest reading of an alarm.

    Parameters
    ----------
    ts
        When, RFC 3339.
    score, p
        As in the verdict; ``None`` for an alarm by level.
    level_ppb
        Gas level [ppb]; ``None`` for an alarm without one.
    """

    ts: str
    score: float | None = None
    p: float | None = None
    level_ppb: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message in the life of an alarm; all of them carry the same ``id``.

    Every key is in the message, null or not, but for ``duration_s``, which no ``open`` has, and for ``label`` and
    ``comment``, which somebody has to give first.

    Parameters
    ----------
    event_type
        ``open`` once, ``update`` any number of times, ``close`` once.
    id
        Station, kind, and the time and count of the reading that opened it; sorts by time, and outlives a restart.
    by
        Why methane alarms: ``limit``, ``enhancement`` or ``onset``.
    ts
        Of the reading, or of the moment, that this message is about, RFC 3339 as all times here.
    duration_s
        For how long it has stood [s].
    score, p
        Of the latest reading; ``None`` for an alarm by level, and for ``stale``.
    peak, culprit, contributions
        Of the strangest reading so far.
    count
        Readings that exceeded so far, those that opened the alarm included; of a ``stale`` station, silences.
    acknowledged, label, comment
        Whether somebody has seen it, what it was, and their words.
    shelved_until
        Until then it stands without counting in ``alarm`` and ``fault``.
    historical
        Whether it is told later than it happened, after an outage or a restart; it may have been told then, too.
    """

    event_type: EventType
    id: str
    station: str
    kind: AlarmKind
    by: str | None
    ts: str
    opened: str
    closed: str | None
    score: float | None
    p: float | None
    peak: Peak
    culprit: str | None
    contributions: dict[str, float]
    count: int
    acknowledged: bool
    shelved_until: str | None
    bundle: str
    historical: bool
    duration_s: float | None = None
    label: Label | None = None
    comment: str | None = None


class AlarmMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at a station now: the body of its retained alarm topic.

    Parameters
    ----------
    alarm
        Whether a methane alarm stands that is not shelved.
    fault
        Whether an alarm of any other kind stands that is not shelved.
    standing
        The latest event of every alarm that stands.
    """

    station: str
    alarm: Switch
    fault: Switch
    standing: tuple[Event, ...]
    ts: str
