"""Where a journal may lie: it has to be writable, and it should outlive the service."""

from __future__ import annotations

import math
import os
from pathlib import Path

from config.file_fault import writing_fault
from config.service import is_service
from edge.errors import JournalError

LEFT_FREE = 12.0
"""What everything else leaves free on the journal's disk [MB]: no reading can do without its log and its pages."""

_FILES = ("", ".lock", "-wal", "-shm")
_IN_MEMORY = ("tmpfs", "ramfs")


def check_place(path: str | os.PathLike[str]) -> None:
    """Check that a journal can be made or opened at a path; nothing is made or opened.

    Raises
    ------
    JournalError
        It cannot.
    """
    for end in _FILES:
        if (fault := writing_fault(f"{path}{end}")) is not None:
            raise JournalError("io", f"journal.path: {path}: {fault}")


def free_mb(path: str | os.PathLike[str]) -> float:
    """Return what is free on the disk of a file [MB]; infinite if the disk does not tell."""
    try:
        disk = os.statvfs(Path(path).parent)
    except OSError:
        return math.inf
    return disk.f_bavail * disk.f_frsize / 1e6


def short_life(path: str | os.PathLike[str]) -> str | None:
    """Return why a journal at a path is lost sooner than it should be; ``None``: it is not."""
    place = Path(os.path.realpath(path))
    kind, root = _mount_of(place)
    if is_service() and "/systemd-private-" in root:
        when = "is the service's own (PrivateTmp) and is emptied whenever the service stops"
    elif kind in _IN_MEMORY:
        when = f"is in memory ({kind}) and is empty after the next {'stop of the service' if is_service() else 'boot'}"
    else:
        return None
    return f"journal.path: {place.parent} {when}, so readings and alarms are lost; fix: journal.path: journal.db"


def _mount_of(place: Path) -> tuple[str, str]:
    """Return the kind of file system a path lies on, and which folder of it is mounted there."""
    found, best = ("", ""), -1
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # pragma: no cover  there is no /proc: not Linux
        return found
    for line in lines:
        fields = line.split(" ")
        mounted = fields[4].encode().decode("unicode_escape")  # blanks are written as \040
        if place.is_relative_to(mounted) and len(mounted) >= best:  # a later mount covers an earlier one
            found, best = (fields[fields.index("-") + 1], fields[3]), len(mounted)
    return found
