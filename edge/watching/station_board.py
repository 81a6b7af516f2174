"""Gathers what the agents publish into the rows that a live table shows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

from edge.agent.presence_messages import AvailabilityMessage, StateMessage
from edge.alarms.event import AlarmMessage, Event
from edge.clock import Clock, SystemClock
from edge.mqtt.message import Message
from edge.scoring.verdict import Verdict

KINDS = ("methane", "consistency", "reconstruction")
"""Kinds of scores, in the order of their columns."""

SCORES_KEPT = 120
"""Scores of each kind that a station's row keeps: more than the widest terminal shows."""


@dataclass
class BoardRow:
    """What is known of a station.

    Parameters
    ----------
    base
        Base topic of its gateway.
    station
        Its name.

    Attributes
    ----------
    verdict : Verdict or None
        Its latest score message; ``None`` until one comes.
    seen : float
        When that came, by the monotonic clock [s].
    scores : dict
        Kind -> its latest scores [-log10 of p], the oldest first.
    availability : AvailabilityMessage or None
        What its gateway published about it.
    standing : tuple of Event
        The alarms that stand.
    """

    base: str
    station: str
    verdict: Verdict | None = None
    seen: float = 0.0
    scores: dict[str, deque[float | None]] = field(
        default_factory=lambda: {kind: deque(maxlen=SCORES_KEPT) for kind in KINDS}
    )
    availability: AvailabilityMessage | None = None
    standing: tuple[Event, ...] = ()


class StationBoard:
    """The rows of all stations; anybody may publish below their topics, so what does not fit is counted and left out.

    Parameters
    ----------
    clock
        Dates what comes.

    Attributes
    ----------
    rows : dict
        (base topic, station) -> its row, in the order of the names.
    gateways : dict
        Base topic -> its latest state.
    readings : int
        Score messages so far.
    refused : int
        Readings that the agents could not use so far.
    refusal : str or None
        Station's topic and reason of the last of those.
    unreadable : int
        Messages on the agents' topics that are not of the form that this version knows.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.rows: dict[tuple[str, str], BoardRow] = {}
        self.gateways: dict[str, StateMessage] = {}
        self.readings = self.refused = self.unreadable = 0
        self.refusal: str | None = None
        self.clock = clock or SystemClock()

    def take(self, message: Message) -> bool:
        """Take in a message; returns whether it was one for this board."""
        levels = message.topic.split("/")
        kind, base = levels[-1], "/".join(levels[:-2])
        if kind in ("state", "deadletter"):
            base = "/".join(levels[:-1])
        if not message.payload:  # a retained topic was cleared: the station or gateway has gone
            return self._forget(kind, base, levels[-2])
        try:
            self._take(kind, base, levels[-2], message.payload)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            self.unreadable += 1
            return False
        return True

    @property
    def alarms(self) -> list[tuple[BoardRow, Event]]:
        """Every alarm that stands with its station, the oldest first."""
        standing = [(row, event) for row in self.rows.values() for event in row.standing]
        return sorted(standing, key=lambda each: (each[1].opened, each[1].id))

    def available(self, row: BoardRow) -> bool | None:
        """Return whether a station is available: the rule of docs/topics.md; ``None`` while it is not known."""
        state, availability = self.gateways.get(row.base), row.availability
        if state is None or availability is None:
            return None
        online = state.state == "online" and availability.state == "online"
        return online and state.session == availability.session

    def _take(self, kind: str, base: str, station: str, payload: bytes) -> None:
        if kind == "state":
            self.gateways[base] = msgspec.json.decode(payload, type=StateMessage)
        elif kind == "score":
            verdict = msgspec.json.decode(payload, type=Verdict)
            row = self._row(base, station)
            row.verdict, row.seen = verdict, self.clock.monotonic()
            for each in KINDS:
                part = getattr(verdict, each)
                row.scores[each].append(None if part is None else part.score)
            self.readings += 1
        elif kind == "alarm":
            self._row(base, station).standing = msgspec.json.decode(payload, type=AlarmMessage).standing
        elif kind == "availability":
            self._row(base, station).availability = msgspec.json.decode(payload, type=AvailabilityMessage)
        elif kind == "deadletter":
            letter = msgspec.json.decode(payload, type=dict[str, object])
            self.refused += 1
            self.refusal = f"{letter.get('topic')}: {letter.get('reason')}"

    def _row(self, base: str, station: str) -> BoardRow:
        row = self.rows.get((base, station))
        if row is None:
            self.rows[base, station] = row = BoardRow(base, station)
            self.rows = dict(sorted(self.rows.items()))
        return row

    def _forget(self, kind: str, base: str, station: str) -> bool:
        if kind == "state":
            return self.gateways.pop(base, None) is not None
        if kind not in ("alarm", "availability"):
            return False
        row = self.rows.get((base, station))
        if row is None:
            return False
        if kind == "alarm":
            row.standing = ()
        else:
            del self.rows[base, station]
        return True
