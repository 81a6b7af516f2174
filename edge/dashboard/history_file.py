"""Opens and makes the SQLite file of the page's history."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import time
from io import FileIO
from pathlib import Path

from edge.errors import DashboardError

VERSION = 1
"""Number of the form of the file."""

PAGE = 4096
"""Size of a page of the file [B]."""

_TABLES = """
create table series (
    id integer primary key, station text not null, unit text not null, channels text not null, unique (station, unit)
);
create table bins (
    width integer not null, series integer not null, t integer not null, body blob not null,
    primary key (width, series, t)
) without rowid;
create table alarms (
    station text not null, id text not null, kind text not null, opened real not null, closed real, body text not null,
    primary key (station, id)
) without rowid;
create index alarms_by_time on alarms (opened);
"""


def open_history(path: Path, max_mb: int) -> sqlite3.Connection:
    """Open a history for writing, and make it if there is none.

    Raises
    ------
    DashboardError
        It is a later version's, or another program's.
    sqlite3.Error, OSError
        It cannot be read or written.
    """
    # Where a station is, and what it measures, is nobody else's business.
    with contextlib.suppress(FileExistsError):  # the log takes its mode from the file
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        (version,) = db.execute("pragma user_version").fetchone()
        (tables,) = db.execute("select count(*) from sqlite_schema").fetchone()
        _check_version(path, version, new=not version and not tables)
        db.execute(f"pragma page_size = {PAGE}")
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = normal")  # a power cut may cost the last seconds, and never the file
        db.execute(f"pragma journal_size_limit = {1000 * PAGE}")
        db.execute(f"pragma max_page_count = {max_mb * 1_000_000 // PAGE}")
        db.execute("pragma cache_size = -1000")
        if not tables:
            db.executescript(f"begin; {_TABLES} pragma user_version = {VERSION}; commit;")
    except BaseException:
        db.close()
        raise
    return db


def lock_history(path: Path) -> FileIO | None:
    """Keep other pages from a history, in which each reading would count once for each of them.

    Returns
    -------
    FileIO or None
        Holds the lock until it is closed; ``None`` if the disk has none, or takes no file.

    Raises
    ------
    DashboardError
        Another page has it.
    """
    try:
        # Not the history itself: SQLite would lose its own locks as soon as this was closed.
        lock = FileIO(os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "r+")
    except OSError:
        return None  # what is wrong with the folder is said when the history itself is opened
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        fix = "fix: stop it, or --history and dashboard.history in gateway.yaml with another file"
        raise DashboardError(f"{path}: another page keeps this history; {fix}") from error
    return lock


def _check_version(path: Path, version: int, *, new: bool) -> None:
    if version != VERSION and not new:
        fix = "fix: dashboard.history in gateway.yaml, or --history, with another file"
        raise DashboardError(f"{path}: got version {version}, expected {VERSION}; {fix}")


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error means that the file itself cannot be used any more."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_full(error: sqlite3.Error) -> bool:
    """Return whether an error means that the disk, or the file up to its limit, is full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def set_aside(path: Path) -> Path:
    """Give a damaged history another name, so that a new one can begin; returns that name.

    Raises
    ------
    OSError
        It cannot be renamed.
    """
    other = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    path.replace(other)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return other
