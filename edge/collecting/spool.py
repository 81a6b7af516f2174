"""Keeps what has been fetched of a station, so that whoever is killed can go on where it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from edge.archive import tables
from edge.archive.archive_fault import OF_SPOOL, archive_fault
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.tables import BlockRow
from edge.errors import ArchiveError
from edge.journal.fault import SQLITE_ERRORS

_PROGRESS = """create table if not exists progress
    (archive text primary key, station text not null, since real not null, after integer not null)"""


class Spool:
    """An archive of one station beside the file that is made of it, with the number of the last block fetched.

    Parameters
    ----------
    path
        The file; one that is there, of the same station and time, is gone on with, and another one is begun anew.
    station
        Name of the station.
    since
        Blocks that end before this time are not wanted, Unix time [s].

    Raises
    ------
    ArchiveError
        It cannot be written, it is another program's file, or another collection is writing to it.
    """

    def __init__(self, path: Path, station: str, since: float) -> None:
        self.path = path
        self._station = station
        self._since = since
        try:
            self._db = self._open()
            if not self._matches():
                self.close()
                self.remove()
                self._db = self._open()
        except SQLITE_ERRORS as error:
            raise archive_fault(path, error, OF_SPOOL) from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=0.0, isolation_level=None)
        try:
            db.execute("pragma locking_mode = exclusive")  # from the first transaction on
            db.execute("begin exclusive")
            (made,) = db.execute("select count(*) from sqlite_schema").fetchone()
            (known,) = db.execute("pragma application_id").fetchone()
            db.execute("commit")
            if made and known != tables.APPLICATION:
                got = f"{self.path}: got another program's file, expected what an earlier collection has left"
                raise ArchiveError("io", f"{got}; fix: remove it, or another -o")  # noqa: TRY301
            if not made:
                tables.create_tables(db)
            db.execute(_PROGRESS)
        except BaseException:
            db.close()
            raise
        return db

    def _matches(self) -> bool:
        try:
            tables.archive_id(self._db)
            known = self._db.execute("select station, since from progress").fetchall()
        except SQLITE_ERRORS:
            return False
        return all(station == self._station and since <= self._since for station, since in known)

    def after(self, archive: str) -> int:
        """Return the number of the last block that was fetched of an archive; 0: none was."""
        row = self._db.execute("select after from progress where archive = ?", (archive,)).fetchone()
        return 0 if row is None else int(row[0])

    @property
    def readings(self) -> int:
        """How many readings it has."""
        return int(self._db.execute("select coalesce(sum(readings), 0) from blocks").fetchone()[0])

    def knows(self, columns_id: str) -> bool:
        """Return whether it has these columns."""
        return tables.columns_of(self._db, columns_id) is not None

    def put_columns(self, columns_id: str, station: str) -> None:
        """Keep what columns are."""
        with self.transaction():
            tables.put_columns(self._db, columns_id, station)

    def put_block(self, archive: str, row: BlockRow) -> None:
        """Keep a block, and that it was fetched, in one transaction."""
        with self.transaction():
            tables.put_blocks(self._db, [row._replace(id=0)])
            progress = (archive, self._station, self._since, row.id)
            self._db.execute("insert or replace into progress values (?, ?, ?, ?)", progress)

    def put_alarms(self, alarms: Iterable[ArchivedAlarm]) -> None:
        """Keep alarms."""
        with self.transaction():
            tables.put_alarms(self._db, alarms)

    def close(self) -> None:
        """Close it."""
        with suppress(*SQLITE_ERRORS):
            self._db.close()

    def remove(self) -> None:
        """Delete the file."""
        for end in ("", "-journal"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)

    def transaction(self) -> _Transaction:
        """Return a context in which its tables are read or written as one; gives the connection."""
        return _Transaction(self._db, self.path)


class _Transaction:
    """Begins a transaction, and commits it unless something is raised."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._db.execute("begin immediate")
        except SQLITE_ERRORS as error:
            raise archive_fault(self._path, error, OF_SPOOL) from error
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            self._db.execute("rollback" if kind else "commit")
        except SQLITE_ERRORS as refused:
            raise archive_fault(self._path, refused, OF_SPOOL) from refused
        if isinstance(error, SQLITE_ERRORS):
            raise archive_fault(self._path, error, OF_SPOOL) from error
