"""Looks up what stands and what is shelved among the alarms of all stations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from config.settings.alarms import AlarmKind
from edge.alarms.event import Event
from edge.alarms.station_alarms import StationAlarms
from edge.errors import RequestError


def find_alarms(
    states: Mapping[str, StationAlarms],
    alarm_id: str | None,
    station: str | None,
    kind: Literal[AlarmKind, "fault"] | None,
) -> list[tuple[str, AlarmKind]]:
    """Look up an alarm as :func:`find_alarm` does, or with the kind ``fault`` all of a station but that of methane."""
    if alarm_id is None and kind == "fault" and station is not None and station in states:
        found: list[tuple[str, AlarmKind]] = [(station, each) for each in states[station].standing if each != "methane"]
        if found:
            return found
    return [find_alarm(states, alarm_id, station, kind)]


def find_alarm(
    states: Mapping[str, StationAlarms],
    alarm_id: str | None,
    station: str | None,
    kind: Literal[AlarmKind, "fault"] | None,
) -> tuple[str, AlarmKind]:
    """Look up the station and kind of an alarm that stands, by its id or by both.

    Raises
    ------
    RequestError
        No such alarm stands.
    """
    if alarm_id is None and (station is None or kind is None):
        raise RequestError("got neither an id nor a station and a kind, expected one or the other")
    for name, state in states.items():
        for each, alarm in state.standing.items():
            if alarm.event.id == alarm_id if alarm_id is not None else (name, each) == (station, kind):
                return name, each
    wanted = f'id: got "{alarm_id}"' if alarm_id is not None else f'station, kind: got "{station}", "{kind}"'
    standing = ", ".join(event.id for event in standing_events(states)) or "none does"
    raise RequestError(
        f"{wanted}, expected an alarm that stands: {standing}; "
        "fix: give one that has closed a label, by its id; with alarms.KIND.latch: true in gateway.yaml one stands "
        "until it is acknowledged"
    )


def standing_events(states: Mapping[str, StationAlarms], station: str | None = None) -> list[Event]:
    """Return the latest event of every alarm that stands, at one station or at all, the oldest first."""
    chosen = [state for name, state in states.items() if station is None or name == station]
    return sorted((a.event for state in chosen for a in state.standing.values()), key=lambda event: event.opened)


def shelved_kinds(states: Mapping[str, StationAlarms]) -> dict[str, dict[AlarmKind, str]]:
    """Return what is shelved: station -> kind -> end, RFC 3339."""
    return {
        station: {kind: shelf.until_ts for kind, shelf in state.shelves.items()}
        for station, state in states.items()
        if state.shelves
    }
