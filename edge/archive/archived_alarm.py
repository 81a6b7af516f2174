"""Defines what the archive keeps of an alarm: what it was about, how strong and long it was, and what people said."""

from __future__ import annotations

import msgspec

from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Event


class ArchivedAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm in the archive.

    Parameters
    ----------
    id, station, kind
        The alarm's id, station and kind.
    by
        Why methane alarmed: ``limit``, ``enhancement`` or ``onset``.
    opened, closed
        Its beginning and end, RFC 3339; ``closed`` is ``None`` while it stands.
    duration_s
        Time from one to the other [s], or so far.
    peak_ts, peak_score, peak_p
        Time, score and p-value of the strangest reading; the last two are ``None`` for an alarm by level.
    peak_level, unit
        Its gas level, and the unit of that as a UCUM code; ``None`` for an alarm by score.
    culprit
        Key of the channel that was strangest there.
    label, comment
        What it was, and the words of whoever said so.
    closed_because
        Why it closed.
    bundle
        Id of the bundle whose scores raised it.
    """

    id: str
    station: str
    kind: str
    by: str | None = None
    opened: str
    closed: str | None = None
    duration_s: float | None = None
    peak_ts: str | None = None
    peak_score: float | None = None
    peak_p: float | None = None
    peak_level: float | None = None
    unit: str | None = None
    culprit: str | None = None
    label: str | None = None
    comment: str | None = None
    closed_because: str | None = None
    bundle: str

    @classmethod
    def from_event(cls, event: Event) -> ArchivedAlarm:
        """Copy what is kept from an event."""
        peak = event.peak
        return cls(
            id=event.id,
            station=event.station,
            kind=event.kind,
            by=event.by,
            opened=event.opened,
            closed=event.closed,
            duration_s=event.duration_s,
            peak_ts=peak.ts,
            peak_score=peak.score,
            peak_p=peak.p,
            peak_level=peak.level_ppb if peak.level is None else peak.level,
            unit="[ppb]" if peak.level is None and peak.level_ppb is not None else peak.unit,
            culprit=event.culprit,
            label=event.label,
            comment=event.comment,
            closed_because=event.closed_because,
            bundle=event.bundle,
        )

    @classmethod
    def from_label(cls, label: AlarmLabel) -> ArchivedAlarm:
        """Copy what a label knows of its alarm: not its peak."""
        return cls(
            id=label.alarm_id,
            station=label.station,
            kind=label.kind,
            opened=label.opened,
            closed=label.closed,
            label=label.label,
            comment=label.comment,
            bundle=label.bundle,
        )
