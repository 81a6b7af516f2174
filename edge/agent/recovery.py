"""Waking: a station of before the start gets its past back when it is heard again."""

from __future__ import annotations

from collections.abc import Sequence

from edge.agent.rebuild import rebuild
from edge.agent.stations import LiveStation, Stations
from edge.alarms.panel import AlarmPanel
from edge.errors import ReadingError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import Log
from edge.mqtt.message import Message
from edge.readings.recent import MOST_RECENT

_WAKES = 16  # stations whose past is rebuilt in one turn: about half a second on a small computer


class Recovery:
    """Takes up from the journal where an earlier run has stopped: alarms at once, the rest with the first reading.

    Parameters
    ----------
    stations, panel
        Whose past it is.
    journal
        Knows it.
    log
        Says what cannot be taken up.
    """

    def __init__(self, stations: Stations, panel: AlarmPanel, journal: Journal, log: Log) -> None:
        self._stations = stations
        self._panel = panel
        self._journal = journal
        self._log = log
        self._jumped = 0.0  # [s] of the wall's clock since the start

    def restore(self) -> None:
        """Take up the alarms of the stations that the journal knows."""
        for station in self._stations:
            self._restore(station)

    def wake(self, messages: Sequence[Message], batch: Transaction) -> int:
        """Rebuild the past of the stations that are heard for the first time since the start.

        Returns
        -------
        int
            How many of the messages may be taken now. The others wait for the next turn: after a restart all stations
            are heard at once, and the broker wants an answer in between.

        Raises
        ------
        JournalError
            The journal cannot be read; none of the messages may be taken.
        """
        woken = 0
        for i, message in enumerate(messages if self._stations.asleep else ()):
            station = self._stations.known(message.topic)
            if station is None or station.row is None:
                continue
            if woken == _WAKES:
                return i
            if station.topic or self._take_up(station, message.topic):
                self.rebuild(station, batch)
                woken += 1
        return len(messages)

    def wake_one(self, batch: Transaction) -> None:
        """Rebuild a station that was not heard since the start: how long it may be silent is in its past."""
        station = next((station for station in self._stations if station.row), None) if self._stations.asleep else None
        if station is not None:
            self.rebuild(station, batch)

    def rebuild(self, station: LiveStation, batch: Transaction) -> None:
        """Rebuild a station's past; raises JournalError when the journal cannot be read."""
        row = station.row
        assert row is not None
        readings = self._journal.readings(station.id)
        station.row = None
        self._stations.asleep -= 1
        for reading in readings:
            station.duplicates.add(reading.key, (reading,))
        if row.columns != station.columns:
            self._log.warning("station has other columns than before: its past is of no use", station=station.name)
            batch.pruned[station.id] = row.n
            return
        try:
            rebuilt = rebuild(station.state, station.group.scorer, readings)
        except Exception:
            self._log.exception("past could not be rebuilt", station=station.name)
            return
        station.state.shift(self._jumped)
        for seen in rebuilt[-MOST_RECENT:]:
            station.recent.add(seen.values)

    def jumped(self, seconds: float) -> None:
        """Move the stations' past arrivals along with the wall's clock."""
        self._jumped += seconds
        for station in self._stations:
            if station.row is None:
                station.state.shift(seconds)

    def _take_up(self, station: LiveStation, topic: str) -> bool:
        """Keep a station that the journal knows under another topic, or that no entry listened to at the start."""
        try:
            self._stations.keep(station, topic)
        except ReadingError:
            return False  # there are too many: its message will be told so
        self._restore(station)
        return True

    def _restore(self, station: LiveStation) -> None:
        if station.alarms is not None:
            try:
                self._panel.restore(station.name, station.alarms)
            except ValueError as error:
                self._log.error("alarms of before the start cannot be read", station=station.name, detail=str(error))
