"""Locks a journal: two agents with one journal would each take the other's readings for its own."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from edge.errors import JournalError


def take_lock(journal: Path) -> int:
    """Lock a journal for this process; returns a descriptor that holds the lock until it is closed.

    Raises
    ------
    JournalError
        Another agent has it, or the lock file cannot be created.
    """
    path = f"{journal}.lock"
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError("io", f"{path}: {error.strerror}; fix: journal.path in gateway.yaml") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalError(
            "locked", f"{journal}: another agent has this journal; fix: stop it, or give each its own journal.path"
        ) from error
    return lock
