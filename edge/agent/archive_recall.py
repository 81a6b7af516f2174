"""Lets the archive have what only the journal has of a station since a kill, when somebody collects it."""

from __future__ import annotations

import contextlib

import msgspec

from edge.agent.stations import Stations
from edge.archive.archive import Archive
from edge.errors import JournalError, RequestError
from edge.journal.journal import Journal
from edge.readings.station_clock.station_clock import StationClock


class ArchiveRecall:
    """Recalls the latest readings of stations that have not sent since the start, each station once.

    Those of the others come when their states are rebuilt.

    Parameters
    ----------
    stations
        The stations.
    journal
        What it is recalled from.
    archive
        Leaves out what it has already.
    """

    def __init__(self, stations: Stations, journal: Journal, archive: Archive) -> None:
        self._stations = stations
        self._journal = journal
        self._archive = archive
        self._recalled: set[str] = set()

    def __call__(self, name: str) -> None:
        """Recall a station's readings; raises RequestError if the journal cannot be read."""
        station = self._stations.known(name)
        if station is None or name in self._recalled or station.row is None or station.row.columns != station.columns:
            return
        kept = self._journal.readings_kept(len(self._stations), station.group.bundle.station.size)
        clock = StationClock(station.state.cadence)
        try:
            readings, journalled = self._journal.readings(station.id, kept), self._journal.clock(station.id)
        except JournalError as error:
            raise RequestError(str(error)) from error
        if journalled is not None:
            with contextlib.suppress(ValueError, msgspec.MsgspecError):  # the stamps are taken as they are
                clock.restore(journalled.snapshot)
        self._recalled.add(name)
        self._archive.resume(station.name, station.group.bundle.station, readings, clock.correction)
