"""Matches the agent's events with the injections, and counts the readings until each was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.simulation.injection import Injection

_AFTERMATH = 60  # readings after an injection in which an event may still be caused by it


@dataclass(frozen=True)
class InjectionOutcome:
    """One injection and the first alarm of the right kind that opened while it lasted.

    Parameters
    ----------
    injection
        The injection.
    event
        The event that opened the alarm; ``None`` if none did.
    after
        Readings from the injection's start to the opening, that reading included.
    """

    injection: Injection
    event: Mapping[str, Any] | None
    after: int | None


def find_outcomes(
    injections: Sequence[Injection], events: Sequence[Mapping[str, Any]], row_of: Callable[[str], int]
) -> list[InjectionOutcome]:
    """Match opened alarms with injections: ``methane`` with a leak, any other kind with a fault."""
    found = []
    for injection in injections:
        opened = (
            (event, row_of(event["opened"]))
            for event in events
            if event["event_type"] == "open" and (event["kind"] == "methane") == (injection.kind == "leak")
        )
        event, row = next(((e, r) for e, r in opened if injection.start <= r < injection.end), (None, -1))
        found.append(InjectionOutcome(injection, event, None if event is None else row - injection.start + 1))
    return found


def unexplained_alarms(
    injections: Sequence[Injection], events: Sequence[Mapping[str, Any]], row_of: Callable[[str], int]
) -> list[Mapping[str, Any]]:
    """Return the events that opened alarms outside every injection and its aftermath: false alarms."""
    return [
        event
        for event in events
        if event["event_type"] == "open"
        and not any(i.start <= row_of(event["opened"]) < i.end + _AFTERMATH for i in injections)
    ]


def alarm_spans(
    events: Sequence[Mapping[str, Any]], row_of: Callable[[str], int], rows: int
) -> list[tuple[str, int, int]]:
    """Return ``(kind, opened, closed)`` of every alarm in readings; an alarm still active ends with the stream."""
    ends = {event["id"]: row_of(event["closed"]) for event in events if event["event_type"] == "close"}
    return [
        (event["kind"], row_of(event["opened"]), ends.get(event["id"], rows))
        for event in events
        if event["event_type"] == "open"
    ]
