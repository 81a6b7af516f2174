"""Labels: what people said that alarms were, kept for retraining."""

from __future__ import annotations

import msgspec

from edge.alarms.event import Event, Label


class AlarmLabel(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that has closed, or that somebody has said something about; of one ``alarm_id`` the last row holds.

    Parameters
    ----------
    ts
        When it closed, or they said it, RFC 3339 as all times here.
    alarm_id, station, kind
        Of the alarm.
    label, comment
        What it was, and their words; ``None`` where nobody has said anything.
    opened, closed
        From when to when it stood; ``closed`` is ``None`` while it does, and the row comes again when it closes.
    bundle
        Whose scores raised it.
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
    def of(cls, event: Event, ts: str) -> AlarmLabel:
        """Keep what an event says that its alarm was."""
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
