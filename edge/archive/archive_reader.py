"""Opens an archive for reading, on the gateway beside the agent's writer, or as a copy elsewhere."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from edge.archive import tables
from edge.archive.archive_fault import OF_AGENT, Fixes, archive_fault
from edge.errors import ArchiveError
from edge.journal.fault import SQLITE_ERRORS


@contextmanager
def read_archive(path: Path, *, patience: float = 0.0, fixes: Fixes = OF_AGENT) -> Iterator[sqlite3.Connection]:
    """Open an archive and read in it with the functions of :mod:`edge.archive.tables`; nothing is changed.

    Parameters
    ----------
    path
        The file.
    patience
        How long to wait while somebody has locked it [s].
    fixes
        What can be done about each fault.

    Raises
    ------
    ArchiveError
        There is none, it is no archive, it is damaged, or somebody has locked it.
    """
    _check_readable(path)
    # A copy without its log cannot be opened otherwise in a folder that is read-only.
    end = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    try:
        address = f"{path.resolve().as_uri()}?mode=ro{end}"
        with closing(sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)) as db:
            (known,) = db.execute("pragma application_id").fetchone()
            (version,) = db.execute("pragma user_version").fetchone()
            if (known, version) != (tables.APPLICATION, tables.VERSION):
                got = f"an archive of version {version}" if known == tables.APPLICATION else "another kind of file"
                reason = f"{path}: got {got}, expected an archive of version {tables.VERSION}"
                raise ArchiveError("io", f"{reason}; fix: name the file of archive.path in gateway.yaml")
            yield db
    except (*SQLITE_ERRORS, OSError, msgspec.MsgspecError) as error:
        raise archive_fault(path, error, fixes) from error


def _check_readable(path: Path) -> None:
    try:
        there, readable = path.is_file(), os.access(path, os.R_OK)
    except PermissionError:
        there, readable = True, False
    if there and not readable:
        copying = f"sudo install -m 600 -o $USER {path} archive.db"
        raise ArchiveError("io", f"{path}: this user may not read it; fix: copy it, which is as good: {copying}")
    if not there:
        raise ArchiveError("io", f"{path}: there is no such file; expected an archive (archive.path in gateway.yaml)")
