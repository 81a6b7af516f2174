"""Alarms: exceedances become events that open, go on and close, as on an industrial alarm panel."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace

from config.alarms import AlarmKind, AlarmRule, Alarms
from edge.clock import Clock, rfc3339
from edge.errors import RequestError
from edge.event import AlarmMessage, Event, EventType, Label, Peak
from edge.verdict import Verdict

LEVEL_DEADBAND = 0.1
"""Deadband of the gas level, as a share of the enhancement that alarms."""

UPDATE_EVERY = 10.0
"""Least time between two messages about a growing peak [s]."""

_SCORED: tuple[AlarmKind, ...] = ("consistency", "reconstruction")
_KINDS: tuple[AlarmKind, ...] = ("methane", *_SCORED)
_PEAK_SCORE = 1.0  # a peak is news when it is ten times less likely than the one last told ...
_PEAK_LEVEL = 1.25  # ... or, for a gas level, so many times as high


class AlarmPanel:
    """The alarms of all stations, one state machine per station and kind.

    An alarm opens when m of the last n readings exceed. It closes once ``clear_after`` readings in a row lie below the
    threshold by more than the deadband, but not before ``hold`` readings, and with ``latch`` not before somebody
    acknowledged it. In between, an ``update`` tells of a peak worth telling, and repeats what stands every ``repeat``
    seconds. A reading without a score says nothing: it neither raises nor clears.

    Parameters
    ----------
    rules
        Per kind, as in gateway.yaml.
    clock
        Its monotonic time paces the updates; its wall time dates what no reading caused.
    """

    def __init__(self, rules: Alarms, clock: Clock) -> None:
        self._rules: dict[str, AlarmRule] = {kind: rules.of(kind) for kind in _KINDS}
        self._enhancement = rules.methane.enhancement_ppb
        self._limit = rules.methane.limit_ppb
        self._clock = clock
        self._windows: dict[tuple[str, str], deque[_Sign | None]] = {}
        self._open: dict[tuple[str, str], _Alarm] = {}

    def observe(self, verdict: Verdict, thresholds: Mapping[str, float]) -> list[Event]:
        """Take in the verdict on a station's next reading; a late one is passed over.

        Parameters
        ----------
        verdict
            What the scorer said.
        thresholds
            Per kind with a score: the least score that exceeds (:meth:`edge.adaptation.Adaptation.threshold`).

        Returns
        -------
        list of Event
            To be published, in order.
        """
        if verdict.late:
            return []
        events: list[Event] = []
        for sign in self._signs(verdict, thresholds):
            key = (verdict.station, sign.kind)
            alarm = self._open.get(key)
            if alarm is not None:
                alarm.follow(sign)
                events += self._go_on(key, alarm, sign.ts)
                continue
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = deque(maxlen=self._rules[sign.kind].n)
            window.append(sign if sign.exceeds else None)
            if sign.exceeds and len(window) - window.count(None) >= self._rules[sign.kind].m:
                events.append(self._raise(key, verdict, [past for past in window if past is not None]))
                window.clear()
        return events

    def tick(self) -> list[Event]:
        """Repeat what stands, where it is due; to be called every now and then, whether readings come or not."""
        if not self._open:
            return []
        ts = rfc3339(self._clock.now())
        return [event for key, alarm in list(self._open.items()) for event in self._go_on(key, alarm, ts)]

    def acknowledge(
        self,
        alarm_id: str | None = None,
        *,
        station: str | None = None,
        kind: str | None = None,
        label: Label | None = None,
        comment: str | None = None,
    ) -> list[Event]:
        """Note that somebody has seen an alarm, and what it was; a latched one that is over closes.

        Parameters
        ----------
        alarm_id
            Of the alarm; or else
        station, kind
            of which the standing alarm is meant.
        label
            ``plume`` (gas it was), ``fault`` (a sensor's) or ``false`` (nothing at all).
        comment
            In the person's words.

        Returns
        -------
        list of Event
            To be published, in order.

        Raises
        ------
        RequestError
            No such alarm stands, or the label is another one.
        """
        if label is not None and label not in get_args(Label):
            raise RequestError(f'label: got "{label}", expected one of {", ".join(get_args(Label))}')
        if alarm_id is None and (station is None or kind is None):
            raise RequestError("got neither an id nor a station and a kind, expected one or the other")
        for key, alarm in self._open.items():
            if alarm.event.id == alarm_id if alarm_id is not None else key == (station, kind):
                alarm.event = replace(alarm.event, acknowledged=True, label=label, comment=comment)
                ts = rfc3339(self._clock.now())
                return [self._tell(alarm, "update", ts), *self._go_on(key, alarm, ts)]
        wanted = f'id: got "{alarm_id}"' if alarm_id is not None else f'station, kind: got "{station}", "{kind}"'
        standing = ", ".join(event.id for event in self.standing())
        raise RequestError(f"{wanted}, expected an alarm that stands: {standing or 'none does'}")

    def standing(self, station: str | None = None) -> list[Event]:
        """Return the latest state of every alarm that stands, the oldest first; of one station, or of all."""
        return [alarm.event for key, alarm in self._open.items() if station is None or key[0] == station]

    def stands(self, station: str) -> bool:
        """Tell whether an alarm of any kind stands at a station."""
        return any((station, kind) in self._open for kind in _KINDS)

    def message(self, station: str) -> AlarmMessage:
        """Return the body of a station's retained alarm topic."""
        standing = self.standing(station)
        return AlarmMessage(
            station=station,
            alarm="ON" if any(event.kind == "methane" for event in standing) else "OFF",
            fault="ON" if any(event.kind != "methane" for event in standing) else "OFF",
            standing=tuple(standing),
            ts=rfc3339(self._clock.now()),
        )

    def _signs(self, verdict: Verdict, thresholds: Mapping[str, float]) -> Iterator[_Sign]:
        """What a verdict says about each kind of alarm on which it says anything."""
        ts = verdict.ts or verdict.received or rfc3339(self._clock.now())
        gas = verdict.methane
        if gas is not None:
            level = None if gas.background_ppb is None else gas.level_ppb
            score = gas.score if "methane" in thresholds else None
            exceeds = "methane" in verdict.exceeds
            # Level and onset have to be over, as far as there are any: the onset's score falls with the virtual level.
            quiet = not exceeds
            if level is not None and gas.background_ppb is not None:
                least = gas.background_ppb + self._enhancement
                if self._limit is not None:
                    least = min(least, self._limit)
                quiet = quiet and level < least - LEVEL_DEADBAND * self._enhancement
            if score is not None:
                quiet = quiet and score < self._quiet_below("methane", thresholds)
            if level is not None or score is not None:
                peak = Peak(ts=ts, score=gas.score, p=gas.p, level_ppb=level)
                size = level if level is not None else score
                yield _Sign("methane", exceeds, quiet, size or 0.0, peak, verdict.by)
        for kind in _SCORED:
            scored = getattr(verdict, kind)
            if scored is None or kind not in thresholds:
                continue
            exceeds = kind in verdict.exceeds
            quiet = not exceeds and scored.score < self._quiet_below(kind, thresholds)
            peak = Peak(ts=ts, score=scored.score, p=scored.p)
            shares = verdict.contributions if kind == "reconstruction" else None
            yield _Sign(kind, exceeds, quiet, scored.score, peak, None, getattr(scored, "culprit", None), shares)

    def _quiet_below(self, kind: AlarmKind, thresholds: Mapping[str, float]) -> float:
        least = thresholds[kind] - self._rules[kind].deadband
        # No score would ever lie below a deadband as wide as the threshold.
        return least if least > 0 else thresholds[kind] / 2

    def _raise(self, key: tuple[str, str], verdict: Verdict, exceedances: list[_Sign]) -> Event:
        """Open an alarm on the exceedances that raised it, the present reading last."""
        latest, worst = exceedances[-1], max(exceedances, key=lambda sign: sign.size)
        station, kind = key
        # The gateway's own time and count: those of a station that is replayed come again.
        received = (verdict.received or latest.ts).translate({ord("-"): None, ord(":"): None})
        event = Event(
            event_type="open",
            id=f"{station}-{kind}-{received}-{verdict.n}",
            station=station,
            kind=kind,
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
            bundle=verdict.bundle,
            historical=verdict.historical,
        )
        alarm = self._open[key] = _Alarm(event, worst.size)
        return self._tell(alarm, "open", latest.ts)

    def _go_on(self, key: tuple[str, str], alarm: _Alarm, ts: str) -> Iterable[Event]:
        """Close an alarm that is over, or tell again of one that is not, where that is due."""
        rule = self._rules[key[1]]
        over = alarm.readings >= rule.hold and alarm.quiet >= rule.clear_after
        if over and (alarm.event.acknowledged or not rule.latch):
            del self._open[key]
            alarm.event = replace(alarm.event, closed=ts)
            return [self._tell(alarm, "close", ts)]
        silence = self._clock.monotonic() - alarm.told
        if (rule.repeat and silence >= rule.repeat) or (silence >= UPDATE_EVERY and alarm.has_news()):
            return [self._tell(alarm, "update", ts)]
        return []

    def _tell(self, alarm: _Alarm, event_type: EventType, ts: str) -> Event:
        alarm.told, alarm.told_size = self._clock.monotonic(), alarm.size
        alarm.event = replace(alarm.event, event_type=event_type, ts=ts)
        return alarm.event


class _Sign(NamedTuple):
    """What one reading says about one kind of alarm; the larger ``size``, the stranger."""

    kind: AlarmKind
    exceeds: bool
    quiet: bool
    size: float
    peak: Peak
    by: str | None
    culprit: str | None = None
    contributions: dict[str, float] | None = None

    @property
    def ts(self) -> str:
        return self.peak.ts


@dataclass
class _Alarm:
    """An alarm that stands: its latest event, and what decides when the next one is due."""

    event: Event
    size: float
    readings: int = 0  # since it opened
    quiet: int = 0  # in a row
    told: float = 0.0  # monotonic [s]
    told_size: float = 0.0

    def follow(self, sign: _Sign) -> None:
        """Take in the next reading."""
        self.readings += 1
        self.quiet = self.quiet + 1 if sign.quiet else 0
        changes: dict[str, Any] = {"score": sign.peak.score, "p": sign.peak.p, "count": self.event.count + sign.exceeds}
        if sign.size > self.size:
            self.size = sign.size
            changes.update(peak=sign.peak, culprit=sign.culprit, contributions=sign.contributions or {})
            changes["by"] = sign.by or self.event.by
        self.event = replace(self.event, **changes)

    def has_news(self) -> bool:
        """Whether the peak has grown enough since it was last told."""
        if self.event.peak.level_ppb is not None:
            return self.size >= self.told_size * _PEAK_LEVEL
        return self.size >= self.told_size + _PEAK_SCORE
