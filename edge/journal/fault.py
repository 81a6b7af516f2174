"""What is wrong with a journal, by SQLite's or the system's error."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

from edge.errors import JournalError

SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError, MemoryError)
"""What SQLite raises; the last two where what is damaged is quoted, or taken for a length."""

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
_SPECIAL: dict[int, Kind] = {
    sqlite3.SQLITE_IOERR_SHMSIZE: "full",  # no room for -shm
    sqlite3.SQLITE_IOERR_SHORT_READ: "corrupt",  # a file that has been cut off
    sqlite3.SQLITE_IOERR_CORRUPTFS: "corrupt",
    sqlite3.SQLITE_IOERR_DATA: "corrupt",
}
_FIXES: dict[Kind, str] = {
    "full": "make room on its disk, or raise journal.max_mb",
    "locked": "stop the other process that is writing to it",
    "corrupt": "nothing: it is set aside, and a fresh one is begun",
    "io": "check its disk, and whether the agent may write there",
}


def kind_of(error: Exception) -> Kind:
    """Return what is wrong with a file, by an error of SQLite, of the system, or of what the file contains."""
    if isinstance(error, OSError):
        return "io"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return _SPECIAL.get(code) or _KINDS.get(code & 0xFF, "corrupt")


def fault_of(path: Path, error: Exception) -> JournalError:
    """Describe an error of SQLite, of the system, or of what a file contains."""
    kind = kind_of(error)
    return JournalError(kind, f"{path}: {error}; fix: {_FIXES[kind]}")


def damage(path: Path, what: str) -> JournalError:
    """Describe damage that is no error of SQLite."""
    return JournalError("corrupt", f"{path}: {what}; fix: {_FIXES['corrupt']}")
