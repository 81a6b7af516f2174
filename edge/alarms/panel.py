"""Runs the alarms of all stations as an industrial alarm panel does: they open, close, and can be shelved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from config.settings.alarms import UNSCORED, AlarmKind, AlarmRule, Alarms
from edge.alarms.active_alarm import ActiveAlarm
from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.condition import Condition, Conditions
from edge.alarms.event import AlarmMessage, Event, EventType, Label
from edge.alarms.shelf import Shelf
from edge.alarms.standing_alarms import find_alarm, find_alarms, shelved_kinds, standing_events
from edge.alarms.station_alarms import StationAlarms
from edge.clock import Clock, rfc3339
from edge.scoring.gas_level import GasLevel
from edge.scoring.verdict import Verdict


class AlarmPanel:
    """The alarms of all stations, one state machine per station and kind.

    An alarm opens when m of the last n readings exceed. It closes once ``clear_after`` readings in a row lie below the
    threshold by more than the deadband, or its threshold ends it, but not before ``hold`` readings, and with ``latch``
    not before somebody acknowledged it. In between, an ``update`` reports a higher peak, and one every ``repeat``
    seconds repeats it. A reading without a score neither raises nor clears. While a station warms up, only gas levels
    can exceed. ``stale``, ``clock`` and ``retrain`` have no score, and no m of n.

    Methods return events, to be published in order. Everything survives a restart if each list is journalled together
    with the :meth:`labels` and the snapshots of the stations that have :meth:`changed`.

    Parameters
    ----------
    rules
        Per kind, as in gateway.yaml.
    clock
        Its monotonic time paces the updates; its wall time dates events without a reading, and ends shelving.
    """

    def __init__(self, rules: Alarms, clock: Clock) -> None:
        self._rules: dict[AlarmKind, AlarmRule] = {kind: rules.rule_for(kind) for kind in get_args(AlarmKind)}
        self._conditions = Conditions(rules)
        self._clock = clock
        self._states: dict[str, StationAlarms] = {}  # only stations with something to remember
        self._changed, self._labels = dict[str, None](), list[AlarmLabel]()

    def observe(
        self,
        verdict: Verdict,
        thresholds: Mapping[str, float],
        gas_level: GasLevel | None = None,
        ended: Mapping[str, bool] | None = None,
    ) -> list[Event]:
        """Take in the verdict on a station's next reading.

        ``thresholds`` are the scores below which an alarm clears, but for the deadband
        (:meth:`edge.scoring.adaptation.Adaptation.judge`); ``gas_level`` judges the gas levels, if there are any;
        ``ended`` are the kinds whose alarm is over by its threshold (``Adaptation.ended``). An alarm that a historical
        reading has opened is historical, until a live one follows: then an ``update`` reports that it stands now.
        """
        station = verdict.station
        state = self._states.get(station)
        if state is None and not verdict.exceeds:
            return []  # nearly always: no alarm stands, and none is about to open
        state = state or StationAlarms()
        received = verdict.received or rfc3339(self._clock.now())
        ts, past = verdict.ts or received, verdict.historical or verdict.late
        live = [] if verdict.historical else [kind for kind, alarm in state.standing.items() if alarm.note_live()]
        events: list[Event] = []
        for condition in self._conditions.evaluate(verdict, thresholds, ts, gas_level):
            kind = condition.kind
            alarm = state.standing.get(kind)
            if alarm is not None:
                alarm.observe(condition, self._clock.monotonic(), past=past)
                if ended and kind in ended:
                    alarm.end(condition, normal=ended[kind])
                events += self._close_or_update(state, kind, condition.ts)
            elif exceedances := state.raised_by(condition, self._rules[kind]):
                opened = ActiveAlarm.from_exceedances(
                    exceedances, station, received, n=verdict.n, bundle=verdict.bundle, historical=verdict.historical
                )
                events.append(self._open(state, opened))
        unreported = [kind for kind in live if all(event.kind != kind for event in events)]
        events += [self._report(state.standing[kind], "update", ts) for kind in unreported]
        self._store(station, state)
        return events

    def tracks(self, station: str) -> bool:
        """Return whether an alarm stands or may be about to open, so that every verdict on the station counts."""
        return station in self._states

    def raise_unscored(
        self, kind: AlarmKind, station: str, *, n: int, bundle: str, contributions: Mapping[str, float] | None = None
    ) -> list[Event]:
        """Raise a kind without a score at the ``n``-th reading of a ``bundle`` (id), or add ``contributions`` to it."""
        state = self._states.get(station) or StationAlarms()
        alarm = state.standing.get(kind)
        shares, known = dict(contributions or {}), {} if alarm is None else alarm.event.contributions
        shares |= {key: share for key, share in known.items() if key not in shares}
        condition = Condition.unscored(kind, rfc3339(self._clock.now()), stands=True, contributions=shares)
        if alarm is not None and not alarm.clearing and condition.severity <= alarm.severity:
            return []
        events = list[Event]()
        if alarm is None:
            opened = ActiveAlarm.from_exceedances([condition], station, condition.ts, n=n, bundle=bundle)
            events.append(self._open(state, opened))
        else:  # or it was over, but nobody has acknowledged yet that it stood
            alarm.observe(condition, self._clock.monotonic())
        self._store(station, state)
        return events

    def clear_unscored(self, kind: AlarmKind, station: str) -> list[Event]:
        """Clear a kind without a score, if it stands."""
        state = self._states.get(station)
        if state is None or (alarm := state.standing.get(kind)) is None or alarm.clearing:
            return []
        condition = Condition.unscored(kind, rfc3339(self._clock.now()), stands=False)
        alarm.observe(condition, self._clock.monotonic())
        events = self._close_or_update(state, kind, condition.ts)
        self._store(station, state)
        return events

    def forget(self, station: str) -> list[Event]:
        """Close every alarm of a station that gave way to another."""
        state, ts = self._states.pop(station, StationAlarms()), rfc3339(self._clock.now())
        return [self._report(alarm.forget(), "close", ts) for alarm in state.standing.values()]

    def tick(self) -> list[Event]:
        """Repeat alarms and end shelving where due; call it regularly."""
        now, events = self._clock.now(), list[Event]()
        ts = rfc3339(now)
        for station, state in list(self._states.items()):
            expired = [kind for kind, shelf in state.shelves.items() if shelf.until <= now]
            due = [event for kind in expired for event in self._shelve(state, kind, None, ts)]
            due += [event for kind in list(state.standing) for event in self._close_or_update(state, kind, ts)]
            if due or expired:
                self._store(station, state)
            events += due
        return events

    def acknowledge(
        self,
        alarm_id: str | None = None,
        *,
        station: str | None = None,
        kind: Literal[AlarmKind, "fault"] | None = None,
        label: Label | None = None,
        comment: str | None = None,
    ) -> list[Event]:
        """Note that somebody has seen an alarm, and what it was; a latched one that is over closes.

        Parameters
        ----------
        alarm_id, station, kind
            Which alarm: its id, or its station and kind; ``fault``: every alarm of the station that is not of methane.
        label
            What it was; ``None`` keeps the earlier label.
        comment
            The person's words; ``None`` keeps the earlier comment.

        Raises
        ------
        RequestError
            No such alarm stands.
        """
        events, ts = list[Event](), rfc3339(self._clock.now())
        for name, found in find_alarms(self._states, alarm_id, station, kind):
            state, alarm = self._states[name], self._states[name].standing[found]
            alarm.acknowledge(label, comment)
            if label is not None or comment is not None:
                self._labels.append(AlarmLabel.from_event(alarm.event, ts))
            events += [self._report(alarm, "update", ts), *self._close_or_update(state, found, ts)]
            self._store(name, state)
        return events

    def shelve(
        self,
        alarm_id: str | None = None,
        *,
        station: str | None = None,
        kind: AlarmKind | None = None,
        minutes: float,
        comment: str | None = None,
    ) -> list[Event]:
        """Shelve a kind of alarm of a station for a while: it stands and is published, but does not count.

        Parameters
        ----------
        alarm_id, station, kind
            Which: an alarm's id; or a station and a kind, of which none needs to stand: the next opens shelved.
        minutes
            For how long [min]; 0 takes it off the shelf.
        comment
            Why.

        Raises
        ------
        RequestError
            No such alarm stands.
        """
        if alarm_id is None and station is not None and kind is not None:
            name, found = station, kind
        else:
            name, found = find_alarm(self._states, alarm_id, station, kind)
        state = self._states.get(name) or StationAlarms()
        now = self._clock.now()
        events = self._shelve(state, found, Shelf(now + 60 * minutes, comment) if minutes else None, rfc3339(now))
        self._store(name, state)
        return events

    def shelved(self) -> dict[str, dict[AlarmKind, str]]:
        """Return what is shelved: station -> kind -> end, RFC 3339."""
        return shelved_kinds(self._states)

    def standing(self, station: str | None = None) -> list[Event]:
        """Return the latest state of every alarm that stands, at one station or at all, the oldest first."""
        return standing_events(self._states, station)

    def borne(self, station: str) -> Collection[AlarmKind]:
        """Return the kinds whose alarm stands at a station and is borne by its readings."""
        state = self._states.get(station)
        if state is None:
            return ()
        return [kind for kind, alarm in state.standing.items() if not alarm.has_cleared(self._rules[kind])]

    def stands(self, station: str) -> bool:
        """Return whether an alarm of any kind stands that the station's readings raised."""
        state = self._states.get(station)
        return state is not None and any(kind not in UNSCORED for kind in state.standing)

    def message(self, station: str) -> AlarmMessage:
        """Return the body of a station's retained alarm topic."""
        return AlarmMessage.from_events(station, self.standing(station), rfc3339(self._clock.now()))

    def labels(self) -> list[AlarmLabel]:
        """Return, once, the rows of the alarms that have closed or were labelled since the last call."""
        labels, self._labels = self._labels, []
        return labels

    def changed(self) -> list[str]:
        """Return, once, the stations whose snapshot has changed since the last call."""
        changed, self._changed = self._changed, {}
        return list(changed)

    def snapshot(self, station: str) -> bytes | None:
        """Encode what there is to remember of a station's alarms (msgpack); ``None``: nothing."""
        state = self._states.get(station)
        return None if state is None else state.to_bytes(self._clock.now() - self._clock.monotonic())

    def restore(self, station: str, snapshot: bytes) -> None:
        """Resume a station's alarms where they were before a restart.

        Raises
        ------
        ValueError
            The bytes are no :meth:`snapshot` of this station, or another version's; nothing has changed.
        """
        now = self._clock.monotonic()
        self._states[station] = StationAlarms.from_bytes(snapshot, station, epoch=self._clock.now() - now, now=now)

    def _open(self, state: StationAlarms, alarm: ActiveAlarm) -> Event:
        """Open an alarm, shelved if its kind is."""
        state.standing[alarm.kind] = alarm
        if alarm.kind in state.shelves:
            alarm.shelve(state.shelves[alarm.kind])
        return self._report(alarm, "open", alarm.ts)

    def _close_or_update(self, state: StationAlarms, kind: AlarmKind, ts: str) -> list[Event]:
        """Close an alarm that is over, or repeat one that is not, if that is due."""
        alarm, rule = state.standing[kind], self._rules[kind]
        if alarm.is_over(rule):
            del state.standing[kind]
            return [self._report(alarm, "close", ts)]
        return [self._report(alarm, "update", ts)] if alarm.is_due(rule, self._clock.monotonic()) else []

    def _shelve(self, state: StationAlarms, kind: AlarmKind, shelf: Shelf | None, ts: str) -> list[Event]:
        """Shelve a kind, or take it off the shelf."""
        if shelf is not None:
            state.shelves[kind] = shelf
        elif state.shelves.pop(kind, None) is None:
            return []
        if kind not in state.standing:
            return []
        state.standing[kind].shelve(shelf)
        return [self._report(state.standing[kind], "update", ts)]

    def _report(self, alarm: ActiveAlarm, event_type: EventType, ts: str) -> Event:
        event = alarm.report(event_type, ts, self._clock.monotonic())
        if event_type == "close":
            self._labels.append(AlarmLabel.from_event(event, ts))
        return event

    def _store(self, station: str, state: StationAlarms) -> None:
        """Note that there is something new to remember about a station."""
        self._changed[station] = None
        if state:
            self._states[station] = state
        else:
            self._states.pop(station, None)
