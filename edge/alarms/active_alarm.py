"""Standing: one alarm from the reading that opened it to the one that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from config.settings.alarms import AlarmKind, AlarmRule
from edge.alarms.condition import Condition
from edge.alarms.event import Event, EventType, Label
from edge.alarms.shelf import Shelf
from edge.clock import parse_time

UPDATE_EVERY = 10.0
"""Least time between two messages about a growing peak [s]."""

_PEAK_SCORE = 1.0  # a peak is news when it is ten times less likely than the one last told ...
_PEAK_LEVEL = 1.25  # ... or, for a gas level, so many times as high


class ActiveAlarm(msgspec.Struct, array_like=True):
    """An alarm that stands: its latest event, and what decides when the next one is due.

    Parameters
    ----------
    event
        As last told, with what has been learnt since.
    size
        Of the strangest reading, see :class:`edge.alarms.condition.Condition`.
    ts
        Of the latest reading, RFC 3339.
    seen
        When that reading came, monotonic [s].
    told
        When something was last said, monotonic [s].
    told_size
        The size as it was then.
    readings
        That it has stood for.
    quiet
        Of them, those in a row that speak against it.
    """

    event: Event
    size: float
    ts: str
    seen: float = 0.0
    told: float = 0.0
    told_size: float = 0.0
    readings: int = 0
    quiet: int = 0

    @classmethod
    def of(cls, exceedances: Sequence[Condition], station: str, received: str, *, n: int, bundle: str) -> ActiveAlarm:
        """Begin one on the exceedances that raised it, the present reading, the station's ``n``-th, last."""
        latest, worst = exceedances[-1], max(exceedances, key=lambda sign: sign.size)
        # The gateway's own time and count: those of a station that is replayed come again.
        compact = received.translate({ord("-"): None, ord(":"): None})
        event = Event(
            event_type="open",
            id=f"{station}-{latest.kind}-{compact}-{n}",
            station=station,
            kind=latest.kind,
            by=latest.by,
            ts=latest.ts,
            opened=latest.ts,
            closed=None,
            score=latest.peak.score,
            p=latest.peak.p,
            peak=worst.peak,
            culprit=worst.culprit,
            contributions=worst.contributions or {},
            count=len(exceedances),
            acknowledged=False,
            shelved_until=None,
            bundle=bundle,
            historical=False,
        )
        return cls(event, worst.size, latest.ts)

    @property
    def kind(self) -> AlarmKind:
        """Of the alarm."""
        return self.event.kind

    def follow(self, sign: Condition, now: float) -> None:
        """Take in the next reading, at the monotonic time ``now`` [s]."""
        self.readings += 1
        self.quiet = self.quiet + 1 if sign.quiet else 0
        self.ts, self.seen = sign.ts, now
        changes: dict[str, Any] = {"score": sign.peak.score, "p": sign.peak.p, "count": self.event.count + sign.exceeds}
        if sign.size > self.size:
            self.size = sign.size
            changes.update(peak=sign.peak, culprit=sign.culprit, contributions=sign.contributions or {})
            changes["by"] = sign.by or self.event.by
        self.event = replace(self.event, **changes)

    def acknowledge(self, label: Label | None, comment: str | None) -> None:
        """Note that somebody has seen it; ``None``: what was said before holds."""
        event = self.event
        self.event = replace(
            event, acknowledged=True, label=label or event.label, comment=event.comment if comment is None else comment
        )

    def shelve(self, shelf: Shelf | None) -> None:
        """Put it aside; ``None`` takes it up again."""
        event = self.event
        self.event = replace(
            event,
            shelved_until=None if shelf is None else shelf.text,
            comment=event.comment if shelf is None or shelf.comment is None else shelf.comment,
        )

    def is_over(self, rule: AlarmRule) -> bool:
        """Tell whether it may close."""
        lasted = self.readings >= rule.hold and self.quiet >= rule.clear_after
        return lasted and (self.event.acknowledged or not rule.latch)

    def is_due(self, rule: AlarmRule, now: float) -> bool:
        """Tell whether something is to be said of it again: a reminder, or a peak that is news."""
        silence = now - self.told
        return (rule.repeat > 0 and silence >= rule.repeat) or (silence >= UPDATE_EVERY and self._has_news())

    def tell(self, event_type: EventType, ts: str, now: float) -> Event:
        """Make its next event, about the time ``ts``, at the monotonic time ``now`` [s]."""
        self.told, self.told_size = now, self.size
        changes: dict[str, Any] = {"event_type": event_type, "ts": ts}
        if event_type == "open":
            self.seen = now
        else:
            # By the readings' own times, and by ours since the latest: the clocks of the two need not agree.
            lasted = parse_time(self.ts) - parse_time(self.event.opened) + now - self.seen
            changes["duration_s"] = round(max(0.0, lasted), 3)
        if event_type == "close":
            changes["closed"] = ts
        self.event = replace(self.event, **changes)
        return self.event

    def _has_news(self) -> bool:
        if self.event.peak.level_ppb is not None:
            return self.size >= self.told_size * _PEAK_LEVEL
        return self.size >= self.told_size + _PEAK_SCORE
