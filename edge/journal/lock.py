"""Locks a journal: two agents with one journal would each take the other's readings for its own."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from edge.errors import JournalError

_MODE = 0o600  # only the agent's user may read where a station is, and what it measures


def take_lock(journal: Path) -> int:
    """Lock the name of a journal for this process; returns a descriptor that holds the lock until it is closed.

    Raises
    ------
    JournalError
        Another agent has it, or the lock file cannot be created.
    """
    return _lock(Path(f"{journal}.lock"), journal)


def lock_database(journal: Path) -> int:
    """Lock a journal's file itself, by whatever name it is called; the file is made if there is none.

    SQLite's own locks are of another kind, and closing any descriptor of the file ends them: close the one that this
    returns after the database.

    Raises
    ------
    JournalError
        Another agent has it, or it cannot be opened.
    """
    return _lock(journal, journal)


def _lock(path: Path, journal: Path) -> int:
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise JournalError("io", f"{path}: {error.strerror}; fix: journal.path in gateway.yaml") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise JournalError(
                "io", f"{path}: {error.strerror}; fix: journal.path in gateway.yaml on a disk of this computer"
            ) from error
        raise JournalError(
            "locked", f"{journal}: another agent has this journal; fix: stop it, or give each its own journal.path"
        ) from error
    restrict(path)
    return lock


def restrict(path: Path) -> None:
    """Let only its owner read a file, whatever the umask was when it was made."""
    with contextlib.suppress(OSError):  # of a file that is not ours, or not there
        if path.stat().st_mode & 0o777 != _MODE:
            path.chmod(_MODE)
