"""The archive's SQLite file: opened, bounded, and replaced when it is damaged or gone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.archive import tables
from edge.archive.archive_fault import archive_fault
from edge.archive.archive_lock import lock_archive
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.tables import BlockRow, Holding
from edge.errors import ArchiveError
from edge.journal.fault import SQLITE_ERRORS, kind_of
from edge.journal.lock import restrict

_PAGE = 4096  # [B]
_LOCK_TIMEOUT = 2.0  # [s] that opening and writing wait for another process; nothing else waits for them
_LONGEST = 1 << 26  # [B] of a value: what is damaged must not be taken for a length of gigabytes
_SPARE = 0.9  # of max_mb that is used: the rest is for a transaction's own pages
_DAY = 86_400.0  # [s]
_MOST_OLD = 16  # blocks that go at once because of their age, and twice as many as come
_ALARMS_PER_MB = 300  # alarms take an eighth of the file at most, and never the place of all readings
_MOST_ALARMS = 20_000
_ENDS = ("", "-wal", "-shm")
_HEADER = b"SQLite format 3\0"


class ArchiveContents(NamedTuple):
    """What is in an archive.

    Parameters
    ----------
    id
        The id that it got when it was begun.
    holdings
        What it has of each station.
    mb
        Its size [MB].
    """

    id: str
    holdings: Sequence[Holding]
    mb: float


class ArchiveFile:
    """The file, open for writing; it belongs to one thread.

    Parameters
    ----------
    path
        The file.
    max_mb
        Size that it may reach [MB].
    days
        How long readings and alarms are kept [d].

    Attributes
    ----------
    renewed
        Why a fresh file was begun in the place of another one; ``None``: none was.

    Raises
    ------
    ArchiveError
        It cannot be opened.
    """

    def __init__(self, path: Path, max_mb: int, days: int) -> None:
        self._path = path
        self._most_pages = max(16, int(max_mb * 1_000_000 / _PAGE))
        self._most_alarms = min(_MOST_ALARMS, _ALARMS_PER_MB * max_mb)
        self._days = days
        self.renewed: str | None = None
        self._lock = lock_archive(self._path)
        self._inode = -1
        try:
            self._db = self._open()
        except ArchiveError:
            os.close(self._lock)
            raise

    @property
    def mb(self) -> float:
        """Size of the file and its log [MB]."""
        size = 0
        for end in _ENDS[:2]:
            with contextlib.suppress(OSError):
                size += Path(f"{self._path}{end}").stat().st_size
        return round(size / 1e6, 2)

    def latest(self) -> dict[str, tuple[int, float]]:
        """Read the count of each station's last reading, and when it arrived [s]; raises ArchiveError."""
        with self._faults():
            return tables.latest(self._db)

    def contents(self) -> ArchiveContents:
        """Read what there is; raises ArchiveError."""
        with self._faults():
            return ArchiveContents(tables.archive_id(self._db), tables.holdings(self._db), self.mb)

    def write(
        self,
        columns: Mapping[str, str],
        blocks: Sequence[BlockRow],
        alarms: Sequence[ArchivedAlarm],
        labels: Sequence[ArchivedAlarm],
        now: float,
    ) -> None:
        """Store what is new, and delete what is too old or too much, in one transaction.

        Parameters
        ----------
        columns
            Id -> what the columns of blocks are, as JSON.
        blocks
            New blocks.
        alarms
            Alarms, as they are known now.
        labels
            Labels of alarms of which the rest may be known.
        now
            The gateway's time, Unix time [s].

        Raises
        ------
        ArchiveError
            Nothing was stored. If the file is damaged, or no longer there, a fresh one has taken its place: try again.
        """
        if self._gone():
            self._reopen()
        with self._faults():
            self._db.execute("begin immediate")
            try:
                self._make_room(sum(len(row.data) + 200 for row in blocks))
                for columns_id, station in columns.items():
                    tables.put_columns(self._db, columns_id, station)
                tables.put_blocks(self._db, blocks)
                tables.put_alarms(self._db, alarms, now)
                tables.put_labels(self._db, labels, now)
                tables.delete_older(self._db, now - self._days * _DAY, _MOST_OLD + 2 * len(blocks))
                tables.delete_excess_alarms(self._db, self._most_alarms)
                self._make_room(0)  # what has come may be more than all of it
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(*SQLITE_ERRORS):
                    self._db.execute("rollback")
                raise
        with contextlib.suppress(*SQLITE_ERRORS):  # somebody reads: the next one does it
            (pages,) = self._db.execute("pragma page_count").fetchone()
            if pages > self._most_pages:  # max_mb is smaller than it was; execute() would free a single page
                self._db.executescript(f"pragma incremental_vacuum({pages - self._most_pages})")
            # The file alone is then all there is, for a person who copies it.
            self._db.execute("pragma wal_checkpoint(truncate)")

    def check(self) -> None:
        """Look at every page; raises ArchiveError for a damaged file, in whose place a fresh one has been begun."""
        # Another connection has nothing of it in memory.
        with self._faults(), contextlib.closing(sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT)) as db:
            (found,) = db.execute("pragma quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)

    def close(self) -> None:
        """Close the file and release its lock."""
        with contextlib.suppress(*SQLITE_ERRORS):
            self._db.close()
        os.close(self._lock)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (*SQLITE_ERRORS, OSError, msgspec.MsgspecError) as error:
            fault = archive_fault(self._path, error)
            if fault.kind == "corrupt":
                self._renew(str(error))
            raise fault from error

    def _open(self) -> sqlite3.Connection:
        try:
            try:
                return self._connect()
            except (*SQLITE_ERRORS, msgspec.MsgspecError) as error:
                if kind_of(error) != "corrupt":
                    raise
                if _is_text(self._path):
                    raise self._foreign("a text file") from error
                self._set_aside(str(error))
                return self._connect()
        except (*SQLITE_ERRORS, OSError, msgspec.MsgspecError) as error:
            raise archive_fault(self._path, error) from error

    def _connect(self) -> sqlite3.Connection:
        # Closing a descriptor of a file that SQLite has open here would end SQLite's locks: only a new one is opened.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT, isolation_level=None)
        try:
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            (version,) = db.execute("pragma user_version").fetchone()
            (known,) = db.execute("pragma application_id").fetchone()
            (made,) = db.execute("select count(*) from sqlite_schema").fetchone()
            if (made or version) and known != tables.APPLICATION:
                raise self._foreign("a database of another program")  # noqa: TRY301
            if made and version != tables.VERSION:
                raise sqlite3.DatabaseError(f"got version {version}, expected {tables.VERSION}")  # noqa: TRY301
            restrict(self._path)
            if not made:
                db.execute(f"pragma page_size = {_PAGE}")
                db.execute("pragma auto_vacuum = incremental")
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            db.execute("pragma cache_size = -512")
            if not made:
                tables.create_tables(db)
            tables.archive_id(db)
            tables.latest(db)
            self._inode = self._path.stat().st_ino
        except BaseException:
            db.close()
            raise
        return db

    def _foreign(self, what: str) -> ArchiveError:
        """Refuse a file that is not ours; it is left as it is."""
        return ArchiveError("io", f"{self._path}: got {what}, expected an archive; fix: archive.path in gateway.yaml")

    def _gone(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return True

    def _reopen(self) -> None:
        """Open what is there now, or a fresh file, when somebody has removed or replaced the one that was open."""
        with contextlib.suppress(*SQLITE_ERRORS):
            self._db.close()
        there = self._path.exists()
        try:
            for end in _ENDS[1:]:  # of the file that is gone; SQLite would put them into this one
                Path(f"{self._path}{end}").unlink(missing_ok=True)
        except OSError as error:
            raise archive_fault(self._path, error) from error
        self._db = self._open()
        what = "another file was put in its place" if there else "it was removed, and is begun anew"
        self.renewed = f"{self._path}: {what} ({_today()} UTC)"

    def _renew(self, why: str) -> None:
        """Begin a fresh file in the place of a damaged one."""
        with contextlib.suppress(*SQLITE_ERRORS):
            self._db.close()
        try:
            self._set_aside(why)
            self._db = self._connect()
        except (*SQLITE_ERRORS, OSError) as error:
            raise archive_fault(self._path, error) from error

    def _set_aside(self, why: str) -> None:
        """Move a damaged file out of the way, in the place of one that was moved before."""
        aside = Path(f"{self._path}.damaged")
        what = ""
        if self._path.exists():
            self._path.replace(aside)
            what = f", which is {aside.name} now"
        for end in _ENDS[1:]:
            Path(f"{self._path}{end}").unlink(missing_ok=True)
        self.renewed = f"{self._path}: begun anew on {_today()} UTC{what}: {why}"

    def _make_room(self, size: int) -> None:
        """Delete the oldest blocks until the new ones fit."""
        most = int(_SPARE * self._most_pages) - size // _PAGE
        while (over := self._used() - most) > 0 and tables.delete_oldest(self._db, max(1, over // 16)):  # pages of each
            pass

    def _used(self) -> int:
        (pages,), (free,) = (self._db.execute(f"pragma {each}").fetchone() for each in ("page_count", "freelist_count"))
        return int(pages) - int(free)


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


def _is_text(path: Path) -> bool:
    """Return whether a file is one that a person has written: a wrong path must not cost it its name."""
    with path.open("rb") as file:
        head = file.read(512)
    return bool(head) and not head.startswith(_HEADER) and head.isascii() and b"\0" not in head
