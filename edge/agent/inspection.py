"""What stations send, and what is wrong with it: the part of ``check`` that listens."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence

from edge.agent.listener import Listener, Received
from edge.agent.stations import Stations
from edge.errors import ReadingError
from edge.mqtt.message import Message
from edge.readings.decoding.echo import printable
from edge.readings.station_clock.clock_note import offset_note
from edge.readings.station_clock.track import LEAST_SLACK
from edge.scoring.units_guard import GUARDED

_DIGITS = re.compile(r"\d+")
_JUDGED = 200  # readings of a station by which its units are judged


class Inspection:
    """Takes messages as the agent does, and lists what is wrong with them.

    Parameters
    ----------
    stations
        The entries with their bundles.

    Attributes
    ----------
    readings
        Readings that can be scored, by station.
    """

    def __init__(self, stations: Stations) -> None:
        self.readings: Counter[str] = Counter()
        self._ranges = {id(group.source): group.ranges for group in stations.groups}
        self._listener = Listener(group.source for group in stations.groups)
        self._refused: set[tuple[str, str]] = set()
        self._rows: dict[str, deque[Sequence[float]]] = {}
        self._lags: dict[str, tuple[float, float]] = {}  # of the arrival behind a stamp [s], the least of each station

    def take(self, message: Message) -> list[str]:
        """Take a message, and return what is wrong with it."""
        if self._listener.source_of(message.topic) is None:
            return []
        if message.retain:
            return [f"{message.topic}: a retained reading is old and is not scored; fix: publish it unretained"]
        found = self._listener.take(message)
        warnings = self._note(found)
        if message.qos == 0:
            lost = "readings at QoS 0 are lost while the agent is away; fix: publish at QoS 1"
            warnings += [f"{name}: {lost}" for name in dict.fromkeys(each.station for each in found if each.station)]
        return warnings

    def called(self, name: str) -> str:
        """Return what a station calls itself."""
        return printable(self._listener.names.called(name))

    def close_due(self, now: float) -> list[str]:
        """Close the readings whose parts have been waited for long enough at this Unix time [s]."""
        return self._note(self._listener.close_due(now))

    def close(self) -> list[str]:
        """Judge what has come; returns what is wrong with it."""
        warnings = self._note(self._listener.close())
        for name, station in sorted(self._listener.inputs.items()):
            count = self.readings[name]
            few = "" if count >= GUARDED else f" (judged by {count} readings; --listen makes them more)"
            warnings += [f"{name}: {each}{few}" for each in station.watch.judge(soon=True).values() if each is not None]
            if name in self._rows:
                doubt = self._ranges[id(station.source)].doubt(self._rows[name])
                warnings += [] if doubt is None else [f"{name}: {doubt.sentence}{few}"]
            lag, ts = self._lags.get(name, (0.0, 0.0))
            if abs(lag) > LEAST_SLACK:
                warnings.append(f"{name}: {offset_note(lag, ts).sentence}{few}")
        return warnings

    def _note(self, found: Sequence[Received]) -> list[str]:
        """Count readings; returns the errors in the place of others, and what decoders have noted."""
        warnings = []
        for name, reading, message in found:
            if isinstance(reading, ReadingError):
                kind = (message.topic, _DIGITS.sub("0", str(reading)))
                if kind not in self._refused:  # numbers differ from message to message
                    self._refused.add(kind)
                    warnings.append(f"{message.topic}: {reading}")
                continue
            self.readings[name] += 1
            self._rows.setdefault(name, deque(maxlen=_JUDGED)).append(reading.values)
            if reading.ts is not None:
                lag = (reading.received - reading.ts, reading.ts)
                self._lags[name] = min(self._lags.get(name, lag), lag, key=lambda each: abs(each[0]))
        return warnings + self._listener.take_notes()
