"""Alarms: exceedances become events that open, go on and close, as on an industrial alarm panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from msgspec.structs import replace

from config.settings.alarms import AlarmKind, AlarmRule, Alarms
from edge.alarms.active_alarm import ActiveAlarm
from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.condition import Condition, Conditions
from edge.alarms.event import AlarmMessage, Event, EventType, Label, Peak
from edge.alarms.shelf import Shelf
from edge.alarms.station_alarms import StationAlarms
from edge.clock import Clock, rfc3339
from edge.errors import RequestError
from edge.scoring.verdict import Verdict

_KINDS: tuple[AlarmKind, ...] = get_args(AlarmKind)


class AlarmPanel:
    """The alarms of all stations, one state machine per station and kind.

    An alarm opens when m of the last n readings exceed. It closes once ``clear_after`` readings in a row lie below the
    threshold by more than the deadband, but not before ``hold`` readings, and with ``latch`` not before somebody
    acknowledged it. In between, an ``update`` tells of a peak worth telling, and repeats what stands every ``repeat``
    seconds. A reading without a score says nothing: it neither raises nor clears; nor does one with a failed or missing
    channel about ``reconstruction``, since ``consistency`` names the channel. While a station warms up nothing exceeds
    but an absolute limit. The kind ``stale`` has no score: it opens when a station falls silent, and is over with its
    next reading.

    What it has to say comes as lists of events, to be published in order. All of it outlives a restart when each list
    is journalled together with the :meth:`labels` and the snapshots of the stations that have :meth:`changed`.

    Parameters
    ----------
    rules
        Per kind, as in gateway.yaml.
    clock
        Its monotonic time paces the updates; its wall time dates what no reading caused, and ends what is shelved.
    """

    def __init__(self, rules: Alarms, clock: Clock) -> None:
        # A station is silent or it is not: nothing is counted.
        stale = replace(rules.rule_for("stale"), clear_after=1, hold=0)
        self._rules: dict[AlarmKind, AlarmRule] = {kind: rules.rule_for(kind) for kind in _KINDS} | {"stale": stale}
        self._signs = Conditions(rules)
        self._clock = clock
        self._states: dict[str, StationAlarms] = {}  # only of stations of which there is something to remember
        self._changed: dict[str, None] = {}
        self._labels: list[AlarmLabel] = []

    def observe(self, verdict: Verdict, thresholds: Mapping[str, float]) -> list[Event]:
        """Take in the verdict on a station's next reading; a late one is passed over.

        ``thresholds`` are the least scores that exceed, per kind with a score
        (:meth:`edge.scoring.adaptation.Adaptation.threshold`).
        """
        station = verdict.station
        state = self._states.get(station)
        if verdict.late or (state is None and not verdict.exceeds):
            return []  # nearly always: nothing stands, and nothing is about to
        state = state or StationAlarms()
        received = verdict.received or rfc3339(self._clock.now())
        events: list[Event] = []
        for sign in self._signs.of(verdict, thresholds, verdict.ts or received):
            alarm = state.standing.get(sign.kind)
            if alarm is not None:
                alarm.follow(sign, self._clock.monotonic())
                events += self._go_on(state, sign.kind, sign.ts)
            elif exceedances := state.raised_by(sign, self._rules[sign.kind]):
                alarm = ActiveAlarm.of(exceedances, station, received, n=verdict.n, bundle=verdict.bundle)
                events.append(self._open(state, alarm))
        self._keep(station, state)
        return events

    def follows(self, station: str) -> bool:
        """Tell whether anything stands or is about to, so that every verdict on a station counts."""
        return station in self._states

    def silent(self, station: str, *, n: int, bundle: str) -> list[Event]:
        """Raise ``stale``, unless it stands: nothing has come since reading ``n``, which ``bundle`` (its id) scored."""
        state = self._states.get(station) or StationAlarms()
        alarm = state.standing.get("stale")
        if alarm is not None and not alarm.quiet:
            return []
        ts = rfc3339(self._clock.now())
        sign = Condition("stale", exceeds=True, quiet=False, size=0.0, peak=Peak(ts=ts))
        events: list[Event] = []
        if alarm is None:
            events.append(self._open(state, ActiveAlarm.of([sign], station, ts, n=n, bundle=bundle)))
        else:  # it came back, but nobody has acknowledged yet that it was away
            alarm.follow(sign, self._clock.monotonic())
        self._keep(station, state)
        return events

    def heard(self, station: str) -> list[Event]:
        """Let ``stale`` be over, if it stands: a reading has come."""
        state = self._states.get(station)
        alarm = None if state is None else state.standing.get("stale")
        if state is None or alarm is None or alarm.quiet:
            return []
        ts = rfc3339(self._clock.now())
        alarm.follow(Condition("stale", exceeds=False, quiet=True, size=0.0, peak=Peak(ts=ts)), self._clock.monotonic())
        events = self._go_on(state, "stale", ts)
        self._keep(station, state)
        return events

    def tick(self) -> list[Event]:
        """Repeat what stands, and take up what was put aside, where it is due; to be called every now and then."""
        now = self._clock.now()
        ts = rfc3339(now)
        events: list[Event] = []
        for station, state in list(self._states.items()):
            expired = [kind for kind, shelf in state.shelves.items() if shelf.until <= now]
            told = [event for kind in expired for event in self._shelve(state, kind, None, ts)]
            told += [event for kind in list(state.standing) for event in self._go_on(state, kind, ts)]
            if told or expired:
                self._keep(station, state)
            events += told
        return events

    def acknowledge(
        self,
        alarm_id: str | None = None,
        *,
        station: str | None = None,
        kind: AlarmKind | None = None,
        label: Label | None = None,
        comment: str | None = None,
    ) -> list[Event]:
        """Note that somebody has seen an alarm, and what it was; a latched one that is over closes.

        Parameters
        ----------
        alarm_id, station, kind
            Which alarm: its id, or its station and kind.
        label, comment
            What it was, and the person's words; ``None``: as said before.

        Raises
        ------
        RequestError
            No such alarm stands.
        """
        name, found = self._find(alarm_id, station, kind)
        state = self._states[name]
        alarm = state.standing[found]
        alarm.acknowledge(label, comment)
        ts = rfc3339(self._clock.now())
        if label is not None or comment is not None:
            self._labels.append(AlarmLabel.of(alarm.event, ts))
        events = [self._tell(alarm, "update", ts), *self._go_on(state, found, ts)]
        self._keep(name, state)
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
        """Put a kind of alarm of a station aside for a while: it stands and is told of, but does not count.

        Parameters
        ----------
        alarm_id, station, kind
            Which: an alarm's id, or a station and a kind, of which none need stand: it would open shelved.
        minutes
            For how long [min]; 0 takes it up again.
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
            name, found = self._find(alarm_id, station, kind)
        state = self._states.get(name) or StationAlarms()
        now = self._clock.now()
        events = self._shelve(state, found, Shelf(now + 60 * minutes, comment) if minutes else None, rfc3339(now))
        self._keep(name, state)
        return events

    def shelved(self) -> dict[str, dict[AlarmKind, str]]:
        """Tell what is put aside: station -> kind -> until when, RFC 3339."""
        states = {station: state.shelves for station, state in self._states.items() if state.shelves}
        return {station: {kind: shelf.text for kind, shelf in shelves.items()} for station, shelves in states.items()}

    def standing(self, station: str | None = None) -> list[Event]:
        """Return the latest state of every alarm that stands, the oldest first; of one station, or of all."""
        states = [state for name, state in self._states.items() if station is None or name == station]
        events = [alarm.event for state in states for alarm in state.standing.values()]
        return sorted(events, key=lambda event: event.opened)

    def stands(self, station: str) -> bool:
        """Tell whether an alarm stands that a station's readings raised, of any kind."""
        state = self._states.get(station)
        return state is not None and any(kind != "stale" for kind in state.standing)

    def message(self, station: str) -> AlarmMessage:
        """Return the body of a station's retained alarm topic."""
        standing = self.standing(station)
        counting = [event.kind for event in standing if event.shelved_until is None]
        return AlarmMessage(
            station=station,
            alarm="ON" if "methane" in counting else "OFF",
            fault="ON" if any(kind != "methane" for kind in counting) else "OFF",
            standing=tuple(standing),
            ts=rfc3339(self._clock.now()),
        )

    def labels(self) -> list[AlarmLabel]:
        """Hand out, once, which alarms have closed, and what people have said about them."""
        labels, self._labels = self._labels, []
        return labels

    def changed(self) -> list[str]:
        """Hand out, once, the stations whose snapshot is another one than before."""
        changed, self._changed = self._changed, {}
        return list(changed)

    def snapshot(self, station: str) -> bytes | None:
        """Write down what there is to remember of a station's alarms (msgpack); ``None``: nothing."""
        state = self._states.get(station)
        return None if state is None else state.write(self._clock.now() - self._clock.monotonic())

    def restore(self, station: str, written: bytes) -> None:
        """Take up a station's alarms where they were before a restart.

        Raises
        ------
        ValueError
            It is not what :meth:`snapshot` wrote of this station, or another version did; nothing has changed.
        """
        now = self._clock.monotonic()
        self._states[station] = StationAlarms.read(written, station, epoch=self._clock.now() - now, now=now)

    def _find(self, alarm_id: str | None, station: str | None, kind: AlarmKind | None) -> tuple[str, AlarmKind]:
        """Station and kind of an alarm that stands."""
        if alarm_id is None and (station is None or kind is None):
            raise RequestError("got neither an id nor a station and a kind, expected one or the other")
        for name, state in self._states.items():
            for each, alarm in state.standing.items():
                if alarm.event.id == alarm_id if alarm_id is not None else (name, each) == (station, kind):
                    return name, each
        wanted = f'id: got "{alarm_id}"' if alarm_id is not None else f'station, kind: got "{station}", "{kind}"'
        standing = ", ".join(event.id for event in self.standing()) or "none does"
        raise RequestError(
            f"{wanted}, expected an alarm that stands: {standing}; "
            "fix: give one that has closed a label, by its id; with alarms.KIND.latch: true in gateway.yaml one stands "
            "until it is acknowledged"
        )

    def _open(self, state: StationAlarms, alarm: ActiveAlarm) -> Event:
        """Let an alarm stand, put aside if its kind is."""
        kind = alarm.kind
        state.standing[kind] = alarm
        if kind in state.shelves:
            alarm.shelve(state.shelves[kind])
        return self._tell(alarm, "open", alarm.ts)

    def _go_on(self, state: StationAlarms, kind: AlarmKind, ts: str) -> list[Event]:
        """Close an alarm that is over, or tell again of one that is not, where that is due."""
        alarm, rule = state.standing[kind], self._rules[kind]
        if alarm.is_over(rule):
            del state.standing[kind]
            return [self._tell(alarm, "close", ts)]
        return [self._tell(alarm, "update", ts)] if alarm.is_due(rule, self._clock.monotonic()) else []

    def _shelve(self, state: StationAlarms, kind: AlarmKind, shelf: Shelf | None, ts: str) -> list[Event]:
        """Put a kind aside, or take it up again."""
        if shelf is not None:
            state.shelves[kind] = shelf
        elif state.shelves.pop(kind, None) is None:
            return []
        if kind not in state.standing:
            return []
        state.standing[kind].shelve(shelf)
        return [self._tell(state.standing[kind], "update", ts)]

    def _tell(self, alarm: ActiveAlarm, event_type: EventType, ts: str) -> Event:
        event = alarm.tell(event_type, ts, self._clock.monotonic())
        if event_type == "close":
            self._labels.append(AlarmLabel.of(event, ts))
        return event

    def _keep(self, station: str, state: StationAlarms) -> None:
        """Note that there is something else to remember of a station."""
        self._changed[station] = None
        if state:
            self._states[station] = state
        else:
            self._states.pop(station, None)
