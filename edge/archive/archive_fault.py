"""Describes what is wrong with an archive, and what whoever sees it can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.errors import ArchiveError
from edge.journal.fault import Kind, kind_of
from edge.journal.place import LEFT_FREE, free_mb

Fixes = Mapping[Kind, str]

OF_AGENT: Fixes = {
    "full": "make room on its disk",
    "locked": "stop the other process that is writing to it",
    "corrupt": "nothing: it is set aside as .damaged, and a fresh one is begun",
    "io": "check its disk, and whether the agent may write there",
}
"""The fixes on the gateway, where the agent looks after its archive."""

OF_COPY: Fixes = {
    "full": "make room on its disk",
    "locked": "close the other program that has opened it",
    "corrupt": "copy it again, and no other file in its place",
    "io": "check that this user may read it, and may write to its folder",
}
"""The fixes for a copy that a person has made."""

OF_SPOOL: Fixes = {
    "full": "make room on its disk",
    "locked": "wait until the other davylamp collect has done, or give each its own -o",
    "corrupt": "remove it; what it had is fetched again",
    "io": "check the disk and the folder of -o",
}
"""The fixes for what ``davylamp collect`` keeps beside its output."""


def archive_fault(path: Path, error: Exception, fixes: Fixes = OF_AGENT) -> ArchiveError:
    """Describe an error of SQLite, of the system, or of what an archive contains."""
    kind = kind_of(error)
    return ArchiveError(kind, f"{path}: {error}; fix: {fixes[kind]}")


def lack_of_room(path: Path) -> str | None:
    """Return why nothing is written to an archive although its disk has some room; ``None``: it has enough."""
    if (free := free_mb(path)) >= LEFT_FREE:
        return None
    return (
        f"{path}: its disk has {free:.1f} MB left, which are the journal's; "
        f"fix: make room for {LEFT_FREE:.0f} MB more, or archive.path on another disk"
    )
