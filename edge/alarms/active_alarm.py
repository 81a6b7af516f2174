"""Defines an active alarm, from the reading that opened it to the one that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from config.settings.alarms import AlarmKind, AlarmRule
from edge.alarms.condition import Condition
from edge.alarms.event import Event, EventType, Label
from edge.alarms.shelf import Shelf
from edge.clock import parse_time

UPDATE_EVERY = 10.0
"""Least time between two messages about a growing peak [s]."""

_ADVICE = {
    "retrain": "look whether a sensor has aged or the season has turned; then davylamp collect --station {station}, "
    "davylamp retrain, and davylamp push --station {station}"
}
_SCORE_STEP = 1.0  # a peak is news when it is ten times less likely than the one last reported ...
_LEVEL_FACTOR = 1.25  # ... or, for a gas level, this many times as high


class ActiveAlarm(msgspec.Struct, array_like=True):
    """An alarm that stands: its latest event, and what decides when the next one is due.

    Parameters
    ----------
    event
        The last event published, with the changes since.
    severity
        Severity of the strangest reading, see :class:`edge.alarms.condition.Condition`.
    ts
        Time of the latest reading, RFC 3339.
    seen
        When that reading came, monotonic [s].
    reported_at
        When the last event was published, monotonic [s].
    reported_severity
        The severity at that time.
    readings
        Number of readings since it opened.
    clearing
        Number of the latest of them, in a row, that clear it.
    ending
        Why it is over otherwise, see :meth:`end`.
    """

    event: Event
    severity: float
    ts: str
    seen: float = 0.0
    reported_at: float = 0.0
    reported_severity: float = 0.0
    readings: int = 0
    clearing: int = 0
    ending: Literal["faded", "normal", "forgotten"] | None = None

    @classmethod
    def from_exceedances(
        cls,
        exceedances: Sequence[Condition],
        station: str,
        received: str,
        *,
        n: int,
        bundle: str,
        historical: bool = False,
    ) -> ActiveAlarm:
        """Begin an alarm on the exceedances that raised it; the last is the station's ``n``-th reading, the present.

        With ``historical`` that reading was old when it came.
        """
        latest, worst = exceedances[-1], max(exceedances, key=lambda condition: condition.severity)
        # The gateway's own time and count: a station that is replayed repeats its own.
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
            historical=historical,
            advice=_ADVICE.get(latest.kind, "").format(station=station) or None,
        )
        return cls(event, worst.severity, latest.ts)

    @property
    def kind(self) -> AlarmKind:
        """Kind of the alarm."""
        return self.event.kind

    def observe(self, condition: Condition, now: float, *, past: bool = False) -> None:
        """Take in the next reading, at the monotonic time ``now`` [s].

        A reading of the ``past``, stored or beside the order, that is older than the latest one cannot tell whether the
        alarm is over.
        """
        self.readings += 1
        if condition.exceeds and self.ending == "faded":
            self.ending = None
        if not (past and condition.ts < self.ts):
            self.clearing = self.clearing + 1 if condition.clears else 0
            self.ts, self.seen = condition.ts, now
        peak = condition.peak
        changes: dict[str, Any] = {"score": peak.score, "p": peak.p, "count": self.event.count + condition.exceeds}
        if condition.severity > self.severity:
            self.severity = condition.severity
            changes.update(peak=peak, culprit=condition.culprit, contributions=condition.contributions or {})
            changes["by"] = condition.by or self.event.by
        self.event = replace(self.event, **changes)

    def note_live(self) -> bool:
        """Note that a live reading follows; returns whether the alarm was a matter of the past until then."""
        historical = self.event.historical
        if historical:
            self.event = replace(self.event, historical=False)
        return historical

    def acknowledge(self, label: Label | None, comment: str | None) -> None:
        """Note that somebody has seen it; ``None`` keeps the earlier label or comment."""
        event = self.event
        self.event = replace(
            event, acknowledged=True, label=label or event.label, comment=event.comment if comment is None else comment
        )

    def shelve(self, shelf: Shelf | None) -> None:
        """Shelve it; ``None`` takes it off the shelf."""
        event = self.event
        self.event = replace(
            event,
            shelved_until=None if shelf is None else shelf.until_ts,
            comment=event.comment if shelf is None or shelf.comment is None else shelf.comment,
        )

    def end(self, condition: Condition, *, normal: bool) -> None:
        """Note that it is over by its threshold: it is taken as normal, or has faded.

        That says nothing of a gas level, which the threshold does not know: then nothing changes.
        """
        if condition.kind != "methane" or (self.event.by == "onset" and condition.by in {None, "onset"}):
            self.ending = "normal" if normal else "faded"

    def forget(self) -> ActiveAlarm:
        """Note that its station gave way to another."""
        self.ending = "forgotten"
        return self

    def has_cleared(self, rule: AlarmRule) -> bool:
        """Return whether its readings no longer bear it, so that at most an acknowledgement is missing."""
        return self.ending is not None or (self.readings >= rule.hold and self.clearing >= rule.clear_after)

    def is_over(self, rule: AlarmRule) -> bool:
        """Return whether it may close."""
        return self.has_cleared(rule) and (self.event.acknowledged or not rule.latch)

    def is_due(self, rule: AlarmRule, now: float) -> bool:
        """Return whether it has to be published again: as a reminder, or because something is news."""
        silence = now - self.reported_at
        if self.ending == "normal" and self.event.closed_because is None:
            return True
        return (rule.repeat > 0 and silence >= rule.repeat) or (silence >= UPDATE_EVERY and self._has_grown())

    def report(self, event_type: EventType, ts: str, now: float) -> Event:
        """Make the next event to publish, about the time ``ts``, at the monotonic time ``now`` [s]."""
        self.reported_at, self.reported_severity = now, self.severity
        changes: dict[str, Any] = {"event_type": event_type, "ts": ts}
        if event_type == "open":
            self.seen = now
        else:
            # By the readings' own times, and by ours since the latest: the clocks of the two need not agree.
            lasted = parse_time(self.ts) - parse_time(self.event.opened) + now - self.seen
            changes["duration_s"] = round(max(0.0, lasted), 3)
        if self.ending == "normal":
            changes["closed_because"] = "taken as normal"
        if self.ending == "forgotten":
            changes["closed_because"] = "forgotten"
        if event_type == "close":
            changes["closed"] = ts
            changes.setdefault("closed_because", "cleared")
        self.event = replace(self.event, **changes)
        return self.event

    def _has_grown(self) -> bool:
        if self.event.peak.level_ppb is not None or self.event.peak.level is not None:
            return self.severity >= self.reported_severity * _LEVEL_FACTOR
        return self.severity >= self.reported_severity + _SCORE_STEP
