"""Journals the stations: their counts, rates and alarms, and how many of their readings are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.clock import Clock
from edge.drift.drift_state import DriftState
from edge.journal.capacity import capacity
from edge.journal.journal import Journal
from edge.journal.room import Room
from edge.journal.transaction import ClockRow, MemoryRow, StationRow, Transaction
from edge.scoring.state import StationState

COPY_EVERY = 200
"""Readings of a station between two deletions of its oldest ones, and two copies of its clock and its long windows."""

_SENT_AGAIN = 3600.0  # [s] that brokers may forget when they are killed: ours saves every half hour, as Mosquitto does


class StationJournal:
    """Adds to a transaction what has changed about the stations.

    Parameters
    ----------
    stations
        The stations.
    panel
        Their alarms.
    journal
        Knows how many readings are kept.
    clock
        Tells which readings the broker may send again.
    """

    def __init__(self, stations: Stations, panel: AlarmPanel, journal: Journal, clock: Clock) -> None:
        self._stations = stations
        self._panel = panel
        self._journal = journal
        self._clock = clock
        self._room = Room(journal, clock)

    def update(self, stations: Iterable[LiveStation], transaction: Transaction) -> None:
        """Journal the stations that have sent a reading, and those whose alarms have changed."""
        for name in self._panel.changed():
            if name in self._stations:
                station = self._stations[name]
                station.alarms = self._panel.snapshot(name)
                transaction.stations[station.id] = _row(station)
        for station in stations:
            transaction.stations[station.id] = _row(station)
            n = station.state.n
            if n > station.reserved:
                station.reserved = self._journal.reserve(station.name, n)
            if n - station.pruned >= COPY_EVERY:
                self._prune(station, transaction, self._stored())
            # The readings since then give the rest, unless the gateway's own clock has jumped.
            if not station.clocked or n - station.clocked >= COPY_EVERY:
                station.clocked = n
                transaction.clocks[station.id] = _clock(station)
                if station.state.outlasts(self._kept(station)):
                    transaction.memories[station.id] = _memory(station, station.state)
                if station.state.drift is not None:
                    transaction.drifts[station.id] = _memory(station, station.state.drift)
        transaction.labels += self._panel.labels()

    def prune_all(self, transaction: Transaction) -> None:
        """Make room in a full journal: prune every station, and delete the readings of unmatched ones."""
        self._room.note_full()
        transaction.pruned |= {row.id: row.n for row in self._stations.unmatched}
        stored = self._stored()
        for station in self._stations:
            self._prune(station, transaction, stored)

    def snapshot(self) -> Transaction:
        """Return a transaction with all stations, and more of those whose state is known, for a fresh journal."""
        rows = {row.id: row for row in self._stations.unmatched}
        rows |= {station.id: _row(station) for station in self._stations}
        known = [station for station in self._stations if station.row is None]
        return Transaction(
            stations=rows,
            clocks={station.id: _clock(station) for station in known},
            memories={
                station.id: _memory(station, station.state)
                for station in known
                if station.state.outlasts(self._kept(station))
            },
            drifts={
                station.id: _memory(station, station.state.drift)
                for station in known
                if station.state.drift is not None
            },
        )

    def forget(self, stations: Sequence[LiveStation], transaction: Transaction) -> None:
        """Delete stations that gave way to others."""
        for station in stations:
            transaction.forgotten.append((station.id, station.name))
            self._journal.retire(station.name)

    def _stored(self) -> int:
        """Return how many readings of all stations the journal contains."""
        return sum(station.state.n - station.deleted for station in self._stations)

    def _prune(self, station: LiveStation, transaction: Transaction, stored: int) -> None:
        """Delete a station's oldest readings: beyond the number that is kept, those which the broker is done with.

        If those of all stations do not fit, each loses the same share of what it has, its oldest ones.
        """
        n = station.pruned = station.state.n
        kept = self._kept(station)
        share = capacity(self._room.mb, 1, station.group.bundle.station.size) / max(1, stored)
        fit = max(kept, int(share * (n - station.deleted)))
        last = max(min(n - kept, self._settled(station)), n - fit)
        transaction.pruned[station.id] = station.deleted = max(station.deleted, last)

    def _settled(self, station: LiveStation) -> int:
        """Return a station's count of at least an hour ago."""
        now = self._clock.monotonic()
        n, since = station.settling
        if now - since >= _SENT_AGAIN:
            station.settled, station.settling = n, (station.state.n, now)
        return station.settled

    def _kept(self, station: LiveStation) -> int:
        return self._journal.readings_kept(len(self._stations), station.group.bundle.station.size)


def _clock(station: LiveStation) -> ClockRow:
    return ClockRow(station.id, station.state.n, station.state.clock.snapshot())


def _memory(station: LiveStation, of: StationState | DriftState) -> MemoryRow:
    return MemoryRow(station.id, station.state.n, station.group.bundle.id, of.snapshot())


def _row(station: LiveStation) -> StationRow:
    state = station.state
    return StationRow(
        station.id,
        station.name,
        station.topic,
        station.columns,
        state.n,
        state.adaptation.snapshot(),
        station.alarms,
    )
