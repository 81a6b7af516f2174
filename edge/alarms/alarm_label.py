"""Defines the label of an alarm: what people found it to be, kept for retraining."""

from __future__ import annotations

import msgspec

from edge.alarms.event import Event, Label


class AlarmLabel(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that has closed or was labelled; the last row of an ``alarm_id`` holds.

    Parameters
    ----------
    ts
        When it closed or was labelled, RFC 3339 like every time here.
    alarm_id, station, kind
        The alarm's id, station and kind.
    label
        What it was; ``None``: not labelled.
    comment
        The person's words, or ``None``.
    opened
        Beginning, RFC 3339.
    closed
        End, RFC 3339; ``closed`` is ``None`` while it stands, and the row is written again when it closes.
    bundle
        Id of the bundle whose scores raised it.
    """

    ts: str
    alarm_id: str
    station: str
    kind: str
    label: Label | None
    comment: str | None
    opened: str
    closed: str | None
    bundle: str

    @classmethod
    def from_event(cls, event: Event, ts: str) -> AlarmLabel:
        """Copy from an event what belongs to its alarm's label."""
        return cls(
            ts=ts,
            alarm_id=event.id,
            station=event.station,
            kind=event.kind,
            label=event.label,
            comment=event.comment,
            opened=event.opened,
            closed=event.closed,
            bundle=event.bundle,
        )
