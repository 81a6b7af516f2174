"""Messages of an agent, made with the agent's own types."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.agent.presence_messages import AvailabilityMessage, StateMessage
from edge.alarms.event import AlarmMessage, Event, Peak
from edge.mqtt.message import Message
from edge.scoring.verdict import Consistency, Methane, Reconstruction, Verdict

TIME = "2026-01-01T00:00:00.000Z"
BASE = "davylamp/gw1"


def message(topic: str, body: Any, base: str = BASE) -> Message:
    return Message(f"{base}/{topic}", msgspec.json.encode(body))


def score(station: str = "st-1", consistency: float | None = 0.4, base: str = BASE, **fields: Any) -> Message:
    verdict = Verdict(
        **{
            "station": station, "n": 7, "ts": TIME, "received": TIME, "state": "ok", "bundle": "b1",
            "reconstruction": Reconstruction(score=3.1, p=0.0008, error=0.2),
            "consistency": None if consistency is None else Consistency(score=consistency, p=0.4, culprit="rmq4_ohm"),
            "methane": Methane(unit="[ppb]", level=9000.0, background=2000.0),
            **fields,
        }
    )  # fmt: skip
    return message(f"{station}/score", verdict, base)


def state(word: str = "online", session: str = "s1") -> Message:
    return message("state", StateMessage(state=word, session=session, since=TIME, version="0.2.0"))  # type: ignore[arg-type]


def availability(station: str, word: str = "online", session: str = "s1") -> Message:
    return message(
        f"{station}/availability",
        AvailabilityMessage(state=word, station=station, session=session, ts=TIME),  # type: ignore[arg-type]
    )


def event(alarm_id: str, **fields: Any) -> Event:
    return Event(
        **{
            "event_type": "open", "id": alarm_id, "station": "st-1", "kind": "methane", "by": "limit", "ts": TIME,
            "opened": TIME, "closed": None, "score": None, "p": None, "culprit": None, "contributions": {},
            "peak": Peak(ts=TIME, level=9000.0, unit="[ppb]"), "count": 3, "acknowledged": False,
            "shelved_until": None, "bundle": "b1", "historical": False, **fields,
        }
    )  # fmt: skip


def alarm(station: str, *standing: Event) -> Message:
    return message(f"{station}/alarm", AlarmMessage.from_events(station, standing, TIME))
