"""Defines the events of an alarm, and the message that lists the alarms of a station."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from config.settings.alarms import AlarmKind

EventType = Literal["open", "update", "close"]
Label = Literal["plume", "fault", "false"]
"""What an alarm was: gas, a sensor's fault, or a false alarm."""

ClosedBecause = Literal["cleared", "taken as normal", "forgotten"]
"""Why an alarm closed: its readings no longer bear it, the threshold has followed them for 3,000 readings, or its
station gave way to another."""

Switch = Literal["ON", "OFF"]


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The strangest reading of an alarm.

    Parameters
    ----------
    ts
        Time of the reading, RFC 3339.
    score
        -log10 of ``p`` [-]; ``None`` for an alarm by level.
    p
        Calibrated p-value [-]; ``None`` for an alarm by level.
    level_ppb
        Gas level [ppb]; ``None`` for an alarm by score, and if its unit has no conversion to ppb.
    unit, level
        Unit of the gas column, as a UCUM code, and the gas level in it.
    """

    ts: str
    score: float | None = None
    p: float | None = None
    level_ppb: float | None = None
    unit: str | None = None
    level: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the life of an alarm; all of them carry the same ``id``.

    Every key is in every message, ``null`` as long as there is nothing to say.

    Parameters
    ----------
    event_type
        ``open`` once, ``update`` any number of times, ``close`` once.
    id
        Station, kind, and the time and count of the reading that opened it; sorts by time, and survives a restart.
    station, kind
        Which station, and what the alarm is about.
    by
        Why methane alarms: ``limit``, ``enhancement`` or ``onset``.
    ts
        Time of the reading, or of the moment, that this message is about, RFC 3339.
    opened
        Time of the reading that opened it, RFC 3339.
    closed
        When it closed, RFC 3339; ``None`` while it stands.
    duration_s
        Time since it opened [s]; ``None`` in an ``open``.
    score, p
        Score and p-value of the latest reading; ``None`` for an alarm by level, ``stale``,
        ``clock`` and ``retrain``.
    peak, culprit, contributions
        The strangest reading so far, its culprit, and its contributions: of ``reconstruction`` parts of its error, of
        ``consistency`` distances from the usual, of ``retrain`` how far the drifted channels are from the training, as
        shares of what raises the alarm; of other kinds there are none.
    count
        Readings that exceeded so far, those that opened the alarm included; for ``stale``,
        ``clock`` and ``retrain``, how often it began or grew.
    acknowledged
        Whether somebody has seen it.
    label
        What it was, once somebody has said so.
    comment
        The words of whoever acknowledged, labelled or shelved it.
    shelved_until
        Until then it does not count in ``alarm`` and ``fault``, RFC 3339; ``None``: it counts.
    closed_because
        Why it closed: ``cleared``; or ``taken as normal``, because it stood for 3,000 readings, and the threshold has
        followed them. The latter is also in the messages of one that is still to be acknowledged.
    bundle
        Id of the bundle whose scores raised it.
    advice
        What to do about it, for ``retrain``.
    historical
        Whether it is published late: the reading that opened the alarm was old when it came, and no live one has
        followed; or the event was made before an outage or a restart, and may have been published on time as well.
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
    closed_because: ClosedBecause | None = None
    advice: str | None = None

    @property
    def log_fields(self) -> dict[str, str]:
        """What the log says of it."""
        fields = {"station": self.station, "kind": self.kind, "id": self.id}
        return fields if self.closed_because is None else {**fields, "because": self.closed_because}


class AlarmMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The alarms that stand at a station now: the body of its retained alarm topic.

    Parameters
    ----------
    station
        Name of the station.
    alarm
        Whether a methane alarm stands that is not shelved.
    fault
        Whether an alarm of any other kind stands that is not shelved.
    standing
        The latest event of every alarm that stands.
    ts
        Time of the message, RFC 3339.
    """

    station: str
    alarm: Switch
    fault: Switch
    standing: tuple[Event, ...]
    ts: str

    @classmethod
    def from_events(cls, station: str, standing: Sequence[Event], ts: str) -> AlarmMessage:
        """Make the message of a station from the latest events of its alarms, at the time ``ts`` (RFC 3339)."""
        counting = [event.kind for event in standing if event.shelved_until is None]
        return cls(
            station=station,
            alarm="ON" if "methane" in counting else "OFF",
            fault="ON" if any(kind != "methane" for kind in counting) else "OFF",
            standing=tuple(standing),
            ts=ts,
        )
