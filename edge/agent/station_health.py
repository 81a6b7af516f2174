"""Counts what one station sends, and remembers what is wrong with it until it is right."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from edge.drift.drift_report import DriftReport
from edge.log import Log
from edge.scoring.verdict import Shift

_MOST_LINES = 10  # of the log about one kind of problem of one station in ...
_PERIOD = 3600.0  # [s] ... this time: a problem may come and go with every reading


class StationReport(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the health message that is about one station.

    Parameters
    ----------
    readings
        Readings scored since the start.
    late
        Those among them that were scored beside the order, because their stamps do not follow those before them.
    historical
        Those among them that were old when they came: a backlog.
    distrusted
        Those among them whose time stamp was not used, because nothing bears it out.
    duplicates
        Messages that had come before, and were not scored again.
    refused
        Payloads that could not be used since the start; a message of several readings may be several.
    exceedances
        Readings since the start that exceeded a threshold.
    alarms
        Alarms that have opened since the start.
    alarm
        Whether a methane alarm stands that is not shelved.
    fault
        Whether an alarm of any other kind stands that is not shelved.
    online
        Whether its last reading came not longer ago than usual.
    last_seen
        When its last reading came, RFC 3339; ``None``: none has come since the start.
    silent_s
        Time since then [s].
    problems
        What -> a sentence with its fix, as long as it lasts: clock, units, keys, values, devices,
        repetitions, missing, cadence, drift, model.
    shift
        How far its thresholds have moved, as in its latest score message.
    bundle
        Id of the bundle that scores it.
    waiting
        Id of the bundle that waits in shadow; ``None``: none does.
    drift
        How far it is from the training of its bundle.
    """

    readings: int
    late: int
    historical: int
    distrusted: int
    duplicates: int
    refused: int
    exceedances: int
    alarms: int
    alarm: bool
    fault: bool
    online: bool
    last_seen: str | None
    silent_s: float | None
    problems: dict[str, str]
    shift: Shift
    bundle: str
    waiting: str | None
    drift: DriftReport


@dataclass
class StationHealth:
    """What is counted of one station, and what is wrong with it.

    Attributes
    ----------
    readings, late, historical, distrusted, duplicates, refused, exceedances, alarms, problems
        As in :class:`StationReport`.
    """

    readings: int = 0
    late: int = 0
    historical: int = 0
    distrusted: int = 0
    duplicates: int = 0
    refused: int = 0
    exceedances: int = 0
    alarms: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, tuple[float, int]] = field(default_factory=dict)  # what -> begin of its hour, lines since then

    def report(self, log: Log, station: str, what: str, sentence: str) -> None:
        """Remember a problem until it is cleared, and log it when it is new or reads otherwise than before.

        So a sentence has no running count in it. Of one kind of problem at most ten lines an hour are logged.
        """
        if self.problems.get(what) == sentence:
            return
        self.problems[what] = sentence
        now = log.clock.monotonic()
        began, lines = self._lines.get(what, (now, 0))
        if now - began >= _PERIOD:
            began, lines = now, 0
        self._lines[what] = began, lines + 1
        if lines < _MOST_LINES:
            log.warning("station needs attention", station=station, what=what, detail=sentence)

    def clear(self, what: str) -> None:
        """Note that a problem is over."""
        self.problems.pop(what, None)
