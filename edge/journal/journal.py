"""One SQLite file, so that whatever was acknowledged survives a crash or a power cut."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np

from edge.alarms.alarm_label import AlarmLabel
from edge.clock import Clock
from edge.errors import JournalError
from edge.journal import schema
from edge.journal.lock import take_lock
from edge.journal.schema import Recovered
from edge.journal.transaction import ClockRow, MemoryRow, ReadingRow, StationRow, Transaction
from edge.log import Log

_PAGE = 2048  # [B]: a commit of one reading writes three or four pages; smaller ones cost CPU, larger ones the card
_CHECKPOINT = 2000  # pages, 4 MB: when the log grows to this size, it is written into the database
_LOCK_TIMEOUT = 2.0  # [s] that opening waits for another process's lock; commits do not wait
_TIMED = 1000  # latest commits whose durations are kept
_READINGS_SHARE = 0.7  # of max_mb that readings may take
_ROW = 70  # [B] that a reading takes in the file besides its values, half-empty pages included

_T = TypeVar("_T")
Kind = Literal["full", "locked", "corrupt", "io"]

_KINDS: dict[int, Kind] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_IOERR: "io",
    sqlite3.SQLITE_CANTOPEN: "io",
    sqlite3.SQLITE_READONLY: "io",
    sqlite3.SQLITE_PERM: "io",
    sqlite3.SQLITE_NOMEM: "io",
}
_FIXES: dict[Kind, str] = {
    "full": "make room on its disk, or raise journal.max_mb",
    "locked": "stop the other process that is writing to it",
    "corrupt": "nothing: it is set aside, and a fresh one is begun",
    "io": "check its disk, and whether the agent may write there",
}


class Journal:
    """Readings, unconfirmed scores, outbox, alarms, labels and retained topics: one file, one writer.

    It is in WAL mode, so that other processes may read it while the agent runs. A file of an
    older schema version is converted; one that is damaged, or of a later version, is renamed to ``.corrupt-`` and the
    time, and a fresh one is begun: scoring matters more than history.

    Parameters
    ----------
    path
        The file; ``-wal``, ``-shm`` and ``.lock`` lie beside it.
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
        durability: Literal["power", "process"] = "power",
        max_mb: int = 256,
        readings_per_station: int = 2000,
        clock: Clock,
    ) -> None:
        self.set_aside = 0
        self._path = Path(path)
        self._durability = durability
        self._max_mb = max_mb
        self._readings_per_station = readings_per_station
        self._clock = clock
        self._log = Log("journal", clock)
        self._times: deque[float] = deque(maxlen=_TIMED)
        self._failed = False
        self._lock = take_lock(self._path)
        try:
            self.recovered = self._open()
        except JournalError:
            os.close(self._lock)
            raise

    @property
    def mb(self) -> float:
        """Size of the file and its log [MB]."""
        size = 0
        for end in ("", "-wal"):
            with contextlib.suppress(OSError):
                size += Path(f"{self._path}{end}").stat().st_size
        return round(size / 1e6, 2)

    @property
    def commit_seconds(self) -> tuple[float | None, float | None]:
        """Median and 99th percentile of a commit [s]; with ``power`` mostly the disk's fsync."""
        if not self._times:
            return None, None
        p50, p99 = np.percentile(self._times, (50, 99)).tolist()
        return p50, p99

    def readings_kept(self, stations: int, columns: int) -> int:
        """Return how many readings of each station are kept, so that all of them fit into 7/10 of ``max_mb``."""
        room = _READINGS_SHARE * 1e6 * self._max_mb / max(1, stations)
        return max(1, min(self._readings_per_station, int(room / (_ROW + 8 * columns))))

    def commit(self, transaction: Transaction) -> None:
        """Commit a transaction, all of it or nothing.

        Raises
        ------
        JournalError
            Nothing was committed: try again later, or with ``corrupt`` after :meth:`replace`.
        """
        begun = self._clock.monotonic()
        try:
            if self._failed:  # after a disk error, a connection may have missed more than it reports
                self._db.close()
                self._failed = False
                self._connect()
            elif self._path.stat().st_ino != self._inode:
                raise JournalError("corrupt", f"{self._path}: the file is another one than the one that was opened")
            self._db.execute("begin immediate")
            schema.write(self._db, transaction)
            self._db.execute("commit")
        except FileNotFoundError as error:
            raise JournalError("corrupt", f"{self._path}: the file was removed") from error
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("rollback")
            raise self._error(error) from error
        self._times.append(self._clock.monotonic() - begun)

    def replace(self) -> None:
        """Set the file aside and begin a fresh one.

        Raises
        ------
        JournalError
            The disk refuses that, too.
        """
        self._set_aside("damaged")
        self._renew()

    def readings(self, station: int, last: int = -1) -> list[ReadingRow]:
        """Return the ``last`` readings of a station (-1: all), the oldest first; raises JournalError on failure."""
        return self._read(schema.readings, station, last)

    def clock(self, station: int) -> ClockRow | None:
        """Return a station's clock; ``None`` without one. Raises JournalError if it cannot be read."""
        return self._read(schema.clock, station)

    def memory(self, station: int) -> MemoryRow | None:
        """Return what a station remembers beside its readings, if it does; raises JournalError on failure."""
        return self._read(schema.memory, station)

    def closed_alarm(self, alarm_id: str) -> AlarmLabel | None:
        """Return the last label of a closed alarm; ``None`` for an unknown one. Raises JournalError on failure."""
        return self._read(schema.closed_alarm, alarm_id)

    def close(self) -> None:
        """Close the file and release its lock."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _read(self, read: Callable[..., _T], *arguments: object) -> _T:
        try:
            return read(self._db, *arguments)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _open(self) -> Recovered:
        try:
            return self._begin() if self._connect() else schema.load(self._db)
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            refused = self._error(error)
        except JournalError as error:
            refused = error
        if refused.kind != "corrupt":
            raise refused
        self._log.error("journal cannot be used", detail=str(refused))
        stations = self._salvage()
        self._set_aside("not readable")
        recovered = self._renew()
        self.commit(Transaction(stations={row.id: row for row in stations}))
        return recovered._replace(stations=stations)

    def _connect(self) -> bool:
        """Open the file without changing one that is not ours; returns whether it is new."""
        try:
            return self._open_file()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_IOERR_SHMSIZE:
                raise
        # A full disk has no room for -shm. Without it other processes cannot read, but we can read and delete.
        self._db.close()
        self._failed = True  # the next commit tries with it again
        return self._open_file("exclusive")

    def _open_file(self, locking: Literal["normal", "exclusive"] = "normal") -> bool:
        self._db = db = sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT, isolation_level=None)
        db.execute(f"pragma locking_mode = {locking}")
        (version,) = db.execute("pragma user_version").fetchone()
        (tables,) = db.execute("select count(*) from sqlite_schema").fetchone()
        if version != schema.VERSION and version not in schema.CONVERSIONS and (version or tables):
            raise JournalError("corrupt", f"{self._path}: got version {version}, expected {schema.VERSION}")
        db.execute(f"pragma page_size = {_PAGE}")  # only a new file takes it
        db.execute("pragma journal_mode = wal")
        db.execute(f"pragma synchronous = {'full' if self._durability == 'power' else 'normal'}")
        db.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT}")
        db.execute(f"pragma journal_size_limit = {4 * _CHECKPOINT * _PAGE}")
        (page,) = db.execute("pragma page_size").fetchone()
        db.execute(f"pragma max_page_count = {max(64, self._max_mb * 1_000_000 // page)}")
        db.execute("pragma busy_timeout = 0")
        self._inode = self._path.stat().st_ino
        while version in schema.CONVERSIONS:
            db.executescript(schema.CONVERSIONS[version])
            (version,) = db.execute("pragma user_version").fetchone()
        return not version

    def _renew(self) -> Recovered:
        try:
            self._connect()
            return self._begin()
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from error

    def _begin(self) -> Recovered:
        self._db.executescript(schema.TABLES)
        return Recovered()

    def _salvage(self) -> list[StationRow]:
        """Read what can be read of the stations: counts that began again would look like repetitions."""
        stations: list[StationRow] = []
        with contextlib.suppress(sqlite3.Error, TypeError, AttributeError):
            stations.extend(schema.stations(self._db))
        return stations

    def _set_aside(self, why: str) -> None:
        with contextlib.suppress(sqlite3.Error, AttributeError):
            self._db.close()
        moment = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        name, number = f"{self._path}.corrupt-{moment}", 1
        while Path(name).exists():
            number += 1
            name = f"{self._path}.corrupt-{moment}-{number}"
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                try:
                    Path(f"{self._path}{end}").rename(f"{name}{end}")
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise self._error(error) from error
        self.set_aside += 1
        self._log.error("journal set aside, a fresh one is begun", file=name, reason=why)

    def _error(self, error: Exception) -> JournalError:
        if isinstance(error, OSError):
            kind: Kind = "io"
        else:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            kind = "full" if code == sqlite3.SQLITE_IOERR_SHMSIZE else _KINDS.get(code & 0xFF, "corrupt")
        self._failed = kind in ("full", "io")
        return JournalError(kind, f"{self._path}: {error}; fix: {_FIXES[kind]}")
