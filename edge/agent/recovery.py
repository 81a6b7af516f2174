"""Restores stations from the journal when their first messages after a restart arrive."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from edge.agent.rebuilding import read_row, rebuild
from edge.agent.station import LiveStation
from edge.agent.station_journal import COPY_EVERY
from edge.agent.stations import Stations
from edge.alarms.panel import AlarmPanel
from edge.archive.archive import Archive
from edge.errors import ReadingError
from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow, Transaction
from edge.log import Log
from edge.mqtt.message import Message
from edge.readings.duplicates import LOOK_BACK
from edge.readings.message_key import unpack_keys
from edge.readings.recent import MOST_RECENT
from edge.readings.station_clock.learnt_cadence import WINDOW
from edge.readings.station_clock.placement import OBSERVED

_SENT_AGAIN = 900.0  # [s] at most after a connection in which the broker sends again what came before ...
_QUIET = 2.0  # [s] ... and without a message, it has nothing more
_PER_TURN = 16  # stations recovered in one turn of the agent: they take about half a second on a small computer


class Recovery:
    """Restores alarms at the start, and a station's state before its first message is read.

    Parameters
    ----------
    stations
        The stations to restore.
    panel
        Where their alarms are restored.
    journal
        What they are restored from.
    log
        Where failures are reported.
    archive
        Gets what a kill may have cost it; ``None``: there is none.
    """

    def __init__(
        self, stations: Stations, panel: AlarmPanel, journal: Journal, log: Log, archive: Archive | None = None
    ) -> None:
        self._stations = stations
        self._panel = panel
        self._journal = journal
        self._log = log
        self._archive = archive or Archive.off(log.clock)
        self._jumped = 0.0  # [s] by which the wall clock has jumped since the start
        self._remaining = _PER_TURN
        self._connection = 0
        self._expecting = False
        self._expected_until = self._came = 0.0

    def begin_turn(self, messages: Sequence[Message], now: float, *, held: bool) -> None:
        """Allow another 16 stations to be recovered, and note whether the broker may be sending again what came before.

        After a restart all stations send at once, and the broker wants an answer in between.

        Parameters
        ----------
        messages
            Those of the turn.
        now
            Monotonic time [s].
        held
            Whether messages were held back, so that there may be more.
        """
        self._remaining = _PER_TURN
        if messages and messages[-1].connection != self._connection:
            self._connection, self._expecting, self._expected_until = messages[-1].connection, True, now + _SENT_AGAIN
            for station in self._stations:
                if station.row is None:
                    self._expect_again(station)
        if messages or held:
            self._came = now
        elif self._expecting and (now >= self._expected_until or now >= self._came + _QUIET):
            self._expecting = False
            for station in self._stations:
                station.duplicates.expect_new()

    def restore_alarms(self) -> None:
        """Restore the alarms of all stations."""
        for station in self._stations:
            self._restore_alarms(station)

    def ensure_recovered(self, station: LiveStation, topic: str, transaction: Transaction) -> bool:
        """Recover a station, if it is not yet, before a message on ``topic`` is read.

        Returns
        -------
        bool
            Whether the message may be read in this turn; ``False`` if enough stations have been recovered.

        Raises
        ------
        JournalError
            The journal cannot be read, so the message may not be read, either.
        """
        if station.row is None:
            return True
        if not self._remaining:
            return False
        if station.topic or self._keep(station, topic):
            self.recover(station, transaction)
            self._remaining -= 1
        return True

    def recover_one(self, transaction: Transaction) -> None:
        """Recover a station that has not sent since the start: its state knows how long it may be silent."""
        station = self._stations.next_unrecovered()
        if station is not None:
            self.recover(station, transaction)

    def recover(self, station: LiveStation, transaction: Transaction) -> None:
        """Rebuild a station's state; raises JournalError if the journal cannot be read."""
        row = station.row
        assert row is not None
        kept = COPY_EVERY + self._journal.readings_kept(len(self._stations), station.group.bundle.station.size)
        readings, clock = self._journal.readings(station.id, kept), self._journal.clock(station.id)
        memory, drift = self._journal.memory(station.id), self._journal.memory(station.id, "drifts")
        self._note_older(station, readings, complete=len(readings) < kept)
        self._stations.mark_recovered(station)
        station.resume_arrivals(reading.received for reading in readings[-WINDOW - 1 :])
        for reading in readings:
            for each in unpack_keys(reading.key):
                station.duplicates.add(each, (reading,), reading.received)
        if self._expecting:
            self._expect_again(station)
        # The readings of an array have the same key.
        station.arrays.add(row for pair in itertools.pairwise(readings) for row in pair if pair[0].key == pair[1].key)
        if row.columns != station.columns:
            self._log.warning(
                "station has other columns or units than before: its past is of no use", station=station.name
            )
            transaction.pruned[station.id] = row.n
            return
        try:
            if memory is not None and memory.bundle != station.group.bundle.id:
                memory = None
            if drift is not None and drift.bundle != station.group.bundle.id:
                drift = None
            rebuilt = rebuild(station.state, station.group.scorer, readings, clock, memory, drift=drift)
        except Exception:
            self._log.exception("past could not be rebuilt", station=station.name)
            return
        finally:
            correction = station.state.clock.correction
            self._archive.resume(station.name, station.group.bundle.station, readings, correction)
        if station.state.clock.problem is not None:
            station.health.report(self._log, station.name, "clock", station.state.clock.problem)
        if self._jumped:
            station.state.shift_clock(self._jumped)
        for seen in rebuilt[-MOST_RECENT:]:
            station.recent.add(seen.values)
        observed = [(each.n, read_row(each).values) for each in readings if each.place & OBSERVED]
        if observed:
            station.guard.replay(readings[0].n, observed)
        else:  # version 0.2 did not note them
            station.guard.resume(station.state.n, [seen.values for seen in rebuilt])
        station.report_units(self._log)

    def _note_older(self, station: LiveStation, readings: Sequence[ReadingRow], *, complete: bool) -> None:
        """Note which readings the journal has besides the ones it was read for: the broker may send them again."""
        if readings:
            station.deleted = readings[0].n - 1
        if not complete:
            older = self._journal.older(station.id, readings[0].n)
            station.duplicates.note_newest(older.ts, older.seq)
            station.deleted = (older.first or readings[0].n) - 1

    def shift_clock(self, seconds: float) -> None:
        """Shift the last arrival of every station by as much as the wall clock has jumped [s]."""
        self._jumped += seconds
        for station in self._stations:
            if station.row is None:
                station.state.shift_clock(seconds)
                station.clocked = 0

    def _expect_again(self, station: LiveStation) -> None:
        """Let a station's messages be compared with all that the journal has of it."""
        more = station.state.n > LOOK_BACK or station.input.joiner is not None  # of whose readings each has many keys
        station.duplicates.expect_again(_Finder(self._journal, station.id) if more else None)

    def _keep(self, station: LiveStation, topic: str) -> bool:
        """Keep a journalled station whose topic is another one now, or matched no entry at the start."""
        try:
            self._stations.keep(station, topic)
        except ReadingError:
            return False  # too many stations: the message becomes a dead letter
        self._restore_alarms(station)
        return True

    def _restore_alarms(self, station: LiveStation) -> None:
        if station.alarms is not None:
            try:
                self._panel.restore(station.name, station.alarms)
            except ValueError as error:
                self._log.error("alarms of before the start cannot be read", station=station.name, detail=str(error))


class _Finder:
    """Looks for keys of one station in the journal; they are sent again in the order in which they came."""

    __slots__ = ("_after", "_journal", "_station")

    def __init__(self, journal: Journal, station: int) -> None:
        self._journal = journal
        self._station = station
        self._after = 0

    def __call__(self, key: int) -> bool:
        found = self._journal.find(self._station, key, self._after)
        self._after = found or self._after
        return found > 0
