"""One SQLite file, so that whatever was acknowledged survives a crash or a power cut."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from edge.alarms.alarm_label import AlarmLabel
from edge.clock import Clock
from edge.errors import JournalError
from edge.journal import schema
from edge.journal.capacity import capacity
from edge.journal.database import LARGEST_LOG, Durability, log_frames, make_fresh, open_database, prepare
from edge.journal.fault import SQLITE_ERRORS, damage, fault_of
from edge.journal.files import CUT, JournalFiles
from edge.journal.schema import OlderReadings, Recovered
from edge.journal.transaction import ClockRow, MemoryRow, ReadingRow, Transaction
from edge.log import ONCE_A_MINUTE, Log

_TIMED = 1000  # latest commits whose durations are kept
_UNREADABLE = 30.0  # [s] of failing reads after which a disk that can be written has lost that part of the file

_T = TypeVar("_T")


class Journal:
    """Readings, unconfirmed scores, outbox, alarms, labels and retained topics: one file, one writer.

    It is in WAL mode, so that other processes may read it while the agent runs. A file of an older schema version is
    converted; one that is damaged, or of a later version, is renamed to ``.corrupt-`` and the time, and a fresh one is
    begun with what could be read of it: scoring matters more than history. A small file beside it has the numbers that
    readings may have, so that a journal which has lost its latest commits, or is gone, does not give them out again.

    Parameters
    ----------
    path
        The file; ``-wal``, ``-shm``, ``.lock`` and ``.numbers`` lie beside it.
    durability
        ``power`` calls fsync at every commit; with ``process`` a power cut may lose commits, a crash of the agent not.
    max_mb
        Largest size of the file [MB].
    readings_per_station
        Most readings kept of a station; fewer are kept if those of all stations would not fit.
    clock
        Dates the files that are set aside, and times the commits.

    Attributes
    ----------
    file
        The file, without symbolic links.
    max_mb
        Largest size of the file [MB].
    recovered
        What the file contained when it was opened.
    set_aside
        Number of files set aside since the start.

    Raises
    ------
    JournalError
        It cannot be opened, or another agent has it.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        durability: Durability = "power",
        max_mb: int = 256,
        readings_per_station: int = 2000,
        clock: Clock,
    ) -> None:
        self.set_aside = 0
        self._path = Path(path)
        self.max_mb = max_mb
        self._readings_per_station = readings_per_station
        self._durability, self._clock = durability, clock
        self._log = Log("journal", clock)
        self._times: deque[float] = deque(maxlen=_TIMED)
        self._failed, self._unread_since = False, 0.0
        self._files = JournalFiles(self._path)
        self.file = Path(self._files.path)
        try:
            self.recovered, lost = self._open()
            self._raise_numbers(lost)
        except JournalError:
            self._files.release()
            raise

    @property
    def mb(self) -> float:
        """Size of the file and its log [MB]."""
        return self._files.mb

    @property
    def commit_seconds(self) -> tuple[float | None, float | None]:
        """Median and 99th percentile of a commit [s]; with ``power`` mostly the disk's fsync."""
        return tuple(np.percentile(self._times, (50, 99)).tolist()) if self._times else (None, None)

    @property
    def free_mb(self) -> float:
        """What is free on its disk [MB]; infinite if the disk does not tell."""
        return self._files.free_mb

    def readings_kept(self, stations: int, columns: int) -> int:
        """Return how many readings of each station are kept, so that all of them fit into 7/10 of ``max_mb``."""
        return min(self._readings_per_station, capacity(self.max_mb, stations, columns))

    def reserve(self, station: str, n: int) -> int:
        """Reserve numbers from ``n`` on for a station's readings, with the next commit; returns the last of them."""
        return self._files.numbers.reserve(station, n)

    def begins_at(self, station: str) -> int:
        """Return the number behind which the readings of a station go on that the journal does not contain."""
        return self._files.numbers.highest(station)

    def retire(self, station: str) -> None:
        """Note that a station is deleted; its numbers are remembered, if there is room."""
        self._files.numbers.retire(station)

    def commit(self, transaction: Transaction) -> None:
        """Commit a transaction, all of it or nothing.

        Raises
        ------
        JournalError
            Nothing was committed: try again later, or with ``corrupt`` after :meth:`replace`.
        """
        begun = self._clock.monotonic()
        try:
            if found := self._files.changed(LARGEST_LOG):
                self._judge(found)
            if self._failed:  # after a disk error, a connection may have missed more than it reports
                self._db.close()
                self._failed = False
                self._connect()
            if (numbers := self._files.numbers).pending and (refused := numbers.write()):
                self._log.warning("numbers of readings cannot be reserved", every=ONCE_A_MINUTE, detail=refused)
            self._db.execute("begin immediate")
            schema.write(self._db, transaction)
            self._db.execute("commit")
        except (*SQLITE_ERRORS, OSError) as error:
            with contextlib.suppress(*SQLITE_ERRORS):
                if self._db.in_transaction:
                    self._db.execute("rollback")
            raise self._error(error) from error
        if not self._files.marked:
            self._files.mark()
        self._times.append(self._clock.monotonic() - begun)

    def replace(self, snapshot: Sequence[Transaction] = ()) -> None:
        """Set the file aside and begin a fresh one, with what is in memory and the readings that can be read.

        Parameters
        ----------
        snapshot
            What is in memory.

        Raises
        ------
        JournalError
            The disk refuses that, too; the file is still the one before.
        """
        self._renew(snapshot, "damaged", running=True)

    def readings(self, station: int, last: int = -1) -> list[ReadingRow]:
        """Return the ``last`` readings of a station (-1: all), the oldest first; raises JournalError on failure."""
        return self._read(schema.readings, station, last)

    def older(self, station: int, before: int) -> OlderReadings:
        """Return what a station's readings before a number are; raises JournalError if they cannot be read."""
        return self._read(schema.older, station, before)

    def find(self, station: int, key: int, after: int) -> int:
        """Return the number of a station's reading with a key, 0 if there is none; raises JournalError on failure.

        ``after`` is the number of one that was found just before: what is sent again comes in the same order.
        """
        return self._read(schema.find, station, key, after)

    def clock(self, station: int) -> ClockRow | None:
        """Return a station's clock; ``None`` without one. Raises JournalError if it cannot be read."""
        return self._read(schema.clock, station)

    def memory(self, station: int, table: schema.MemoryTable = "memories") -> MemoryRow | None:
        """Return what a station remembers beside its readings, if it does; raises JournalError on failure."""
        return self._read(schema.memory, station, table)

    def closed_alarm(self, alarm_id: str) -> AlarmLabel | None:
        """Return the last label of a closed alarm; ``None`` for an unknown one. Raises JournalError on failure."""
        return self._read(schema.closed_alarm, alarm_id)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._files.unmark()  # before SQLite removes the log: killed in between, nobody must miss it
        with contextlib.suppress(*SQLITE_ERRORS):
            self._db.close()
        self._files.release()

    def _read(self, read: Callable[..., _T], *arguments: object) -> _T:
        try:
            found = read(self._db, *arguments)
        except msgspec.ValidationError as error:
            raise damage(self._path, str(error)) from error
        except SQLITE_ERRORS as error:
            refused = self._error(error)
            if refused.kind == "io":
                self._unread_since = self._unread_since or self._clock.monotonic()
                if self._clock.monotonic() - self._unread_since >= _UNREADABLE:
                    refused = damage(self._path, f"a part of it cannot be read ({error})")
            raise refused from error
        self._unread_since = 0.0
        return found

    def _open(self) -> tuple[Recovered, bool]:
        """Open the file, or what is left of it; returns what is in it, and whether it has lost anything."""
        try:
            existed = self._files.claim()
            new = self._connect()
            recovered = schema.create(self._db) if new else schema.load(self._db)
            frames = log_frames(self._db, self.file) if self._files.crashed else None
            found = self._files.missing(frames, new=new)
            if not found:
                return recovered, False
            if not existed:
                self._log.error("journal is gone: the numbers of readings go on behind the last", path=str(self._path))
                return recovered, True
            refused = damage(self._path, found)
        except (*SQLITE_ERRORS, OSError, msgspec.MsgspecError) as error:
            refused = self._error(error)
        except JournalError as error:
            refused = error
        if refused.kind != "corrupt":
            raise refused
        self._log.error("journal cannot be used", detail=str(refused))
        self._renew((), "not readable", running=False)
        return schema.load(self._db), True

    def _raise_numbers(self, lost: bool) -> None:
        """Let the readings of stations whose latest ones may be lost go on behind every number that they may have."""
        numbers = self._files.numbers
        raised = {row.id: row for row in numbers.raised(self.recovered.stations, lost=lost)}
        if raised:
            self._log.error("numbers of readings go on behind those that may be lost", stations=len(raised))
            rows = [raised.get(row.id, row) for row in self.recovered.stations]
            self.recovered = self.recovered._replace(stations=rows)
            with contextlib.suppress(JournalError):  # on a full disk, the first reading's commit stores it
                self.commit(Transaction(stations=raised))

    def _connect(self) -> bool:
        """Open the file without changing one that is not ours; returns whether it is new."""
        try:
            self._db = open_database(self.file)
            new = prepare(self._db, self._path, self._durability, self.max_mb)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_IOERR_SHMSIZE:
                raise
            # A full disk has no room for -shm. Without it other processes cannot read, but we can read and delete.
            self._db.close()
            self._failed = True  # the next commit tries with it again
            self._db = open_database(self.file, "exclusive")
            new = prepare(self._db, self._path, self._durability, self.max_mb)
        self._files.opened()
        return new

    def _judge(self, found: str) -> None:
        """Raise JournalError for what has happened to the files, unless another program had SQLite cut the log."""
        if found != CUT or log_frames(self._db, self.file) is None:
            raise damage(self._path, found)

    def _renew(self, snapshot: Sequence[Transaction], why: str, *, running: bool) -> None:
        """Make a fresh file beside the damaged one, then put it in its place."""
        files, damaged = self._files, self._db if hasattr(self, "_db") else None
        try:
            copied = make_fresh(files.begin_fresh, damaged, snapshot, running=running)
            if damaged is not None:
                with contextlib.suppress(*SQLITE_ERRORS):
                    damaged.close()
            files.unlock_database()
            name = files.set_aside(self._clock.now())
            self.set_aside += 1
            files.claim()
            self._connect()
        except (*SQLITE_ERRORS, OSError) as error:
            if self.file.exists():
                files.discard_fresh()
            raise self._error(error) from error
        self._log.error("journal set aside, a fresh one is begun", file=name, reason=why, readings_kept=copied)

    def _error(self, error: Exception) -> JournalError:
        refused = fault_of(self._path, error)
        self._failed = refused.kind in ("full", "io")
        return refused
