"""Locks an archive: two agents with one would each take the other's readings for its own."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from edge.errors import ArchiveError


def lock_archive(path: Path) -> int:
    """Lock the name of an archive for this process; returns a descriptor that holds the lock until it is closed.

    Raises
    ------
    ArchiveError
        Another agent has it, or the lock file cannot be created.
    """
    place = f"{path}.lock"
    lock = -1
    try:
        lock = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        reason = f"{path}: another agent has this archive; fix: give each its own archive.path"
        raise ArchiveError("locked", reason) from error
    except OSError as error:
        if lock >= 0:
            os.close(lock)
        reason = f"{place}: {error.strerror}; fix: archive.path in gateway.yaml"
        raise ArchiveError("io", reason) from error
    return lock
