"""Reports what the stations' clocks are found to be: counts, health, log and the alarm of kind ``clock``."""

from __future__ import annotations

from edge.agent.health import Health
from edge.agent.station import LiveStation
from edge.alarms.event import Event
from edge.alarms.panel import AlarmPanel
from edge.log import ONCE_A_MINUTE, Log
from edge.readings.station_clock.clock_note import ClockNote
from edge.readings.station_clock.placement import Placement


class StationClocks:
    """Says once what is wrong with a station's clock, and that it is right again.

    Parameters
    ----------
    panel
        Where the alarm is raised.
    health
        Counts.
    log
        Where it is reported.
    """

    def __init__(self, panel: AlarmPanel, health: Health, log: Log) -> None:
        self._panel = panel
        self._health = health
        self._log = log

    def observe(self, station: LiveStation, placement: Placement) -> None:
        """Take in where a reading with a stamp was placed, if it was not placed as nearly all are."""
        if not placement.in_order:
            self._health.late += 1
            station.health.late += 1
        if placement.historical:
            station.health.historical += 1
        if placement.ts_from == "received":
            self._health.distrusted += 1
            station.health.distrusted += 1
        if placement.note is not None:
            self._report(station, placement.note)

    def check(self, station: LiveStation) -> list[Event]:
        """Raise or clear the station's alarm of kind ``clock`` after its readings of a turn; returns the events."""
        if station.state.clock.faulty:
            return self._panel.raise_unscored("clock", station.name, n=station.state.n, bundle=station.group.bundle.id)
        return self._panel.clear_unscored("clock", station.name)

    def _report(self, station: LiveStation, note: ClockNote) -> None:
        if note.is_problem:
            station.health.report(self._log, station.name, "clock", note.sentence)
        elif note.kind == "recovered":
            station.health.clear("clock")
            self._log.info("station's clock is right", station=station.name, detail=note.sentence)
        else:
            self._log.warning("stored readings", every=ONCE_A_MINUTE, station=station.name, detail=note.sentence)
