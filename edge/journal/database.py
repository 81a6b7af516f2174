"""Opens and makes the SQLite files of a journal."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from edge.errors import JournalError
from edge.journal import schema
from edge.journal.fault import SQLITE_ERRORS, fault_of
from edge.journal.salvage import salvage
from edge.journal.transaction import Transaction

_PAGE = 2048  # [B]: a commit of one reading writes three or four pages; smaller ones cost CPU, larger ones the card
_FRAME = 24  # [B] before each page in the log
_LOG_HEADER = 32  # [B]
_CHECKPOINT = 2000  # pages, 4 MB: when the log grows to this size, it is written into the database
_LONGEST = 1 << 26  # [B] of a value: what is damaged must not be taken for a length of gigabytes
_LOCK_TIMEOUT = 2.0  # [s] that opening waits for another process's lock; commits do not wait

LARGEST_LOG = 4 * _CHECKPOINT * _PAGE
"""Size to which SQLite cuts the log when it begins anew [B]."""

Durability = Literal["power", "process"]
Locking = Literal["normal", "exclusive"]


def open_database(path: Path, locking: Locking = "normal") -> sqlite3.Connection:
    """Open a file without changing one that is not ours; :func:`prepare` makes it usable. Raises sqlite3.Error."""
    db = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, isolation_level=None)
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    db.execute(f"pragma locking_mode = {locking}")
    return db


def prepare(db: sqlite3.Connection, path: Path, durability: Durability, max_mb: int) -> bool:
    """Set a file up, convert it if it is an older version's; returns whether it is new.

    Raises
    ------
    JournalError
        It is a later version's, or another program's.
    sqlite3.Error
        SQLite cannot read or write it.
    """
    (version,) = db.execute("pragma user_version").fetchone()
    (tables,) = db.execute("select count(*) from sqlite_schema").fetchone()
    if version != schema.VERSION and version not in schema.CONVERSIONS and (version or tables):
        raise JournalError("corrupt", f"{path}: got version {version}, expected {schema.VERSION}")
    db.execute(f"pragma page_size = {_PAGE}")  # only a new file takes it
    db.execute("pragma journal_mode = wal")
    db.execute(f"pragma synchronous = {'full' if durability == 'power' else 'normal'}")
    db.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT}")
    db.execute(f"pragma journal_size_limit = {LARGEST_LOG}")
    (page,) = db.execute("pragma page_size").fetchone()
    db.execute(f"pragma max_page_count = {max(64, max_mb * 1_000_000 // page)}")
    db.execute("pragma busy_timeout = 0")
    while version in schema.CONVERSIONS:
        db.executescript(schema.CONVERSIONS[version])
        (version,) = db.execute("pragma user_version").fetchone()
    return not version


def log_frames(db: sqlite3.Connection, path: Path) -> int | None:
    """Return how many frames a journal's log has, after writing into the database what it lacks.

    ``None`` if SQLite cannot read them all. If the disk is full, those that fit into the log's file are believed.
    """
    log = Path(f"{path}-wal")
    try:
        most = max(0, log.stat().st_size - _LOG_HEADER) // (_PAGE + _FRAME)
    except FileNotFoundError:
        most = 0
    try:
        _, frames, _ = db.execute("pragma wal_checkpoint(passive)").fetchone()
    except SQLITE_ERRORS as error:
        return None if fault_of(path, error).kind == "corrupt" else most
    return int(frames) if frames <= most else None


def make_fresh(
    begin: Callable[[], Path], damaged: sqlite3.Connection | None, snapshot: Sequence[Transaction], *, running: bool
) -> int:
    """Make a journal of what can be read of a damaged one, and of what is in memory.

    If there is no room for what was in the damaged one, it is left behind.

    Parameters
    ----------
    begin
        Makes an empty file, in the place of one that was begun before.
    damaged
        The damaged journal; ``None`` if it cannot be opened.
    snapshot
        What is in memory.
    running
        Whether that is more than what the damaged one has.

    Returns
    -------
    int
        Number of readings that could be read.

    Raises
    ------
    sqlite3.Error, OSError
        The disk refuses even what is in memory.
    """
    copied = 0
    fresh = _with_tables(begin())
    if damaged is not None:
        try:
            copied = salvage(damaged, fresh, running=running)
        except SQLITE_ERRORS:
            fresh = _with_tables(begin())
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute("pragma synchronous = off")
        db.execute("begin")
        for transaction in snapshot:
            schema.write(db, transaction)
        db.execute("commit")
    file = os.open(fresh, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    return copied


def _with_tables(path: Path) -> Path:
    """Make a journal of an empty file; returns its path."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"pragma page_size = {_PAGE}")
        db.executescript(schema.TABLES)
    return path
