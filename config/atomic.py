"""Writes files atomically: whole or not at all, even if the power fails."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_bytes(path: str | Path, data: bytes) -> None:
    """Replace the content of a file, keeping the mode of a file that exists already.

    Parameters
    ----------
    path
        The file. Its folder must exist.
    data
        The whole new content.

    Raises
    ------
    OSError
        The folder cannot be written to. The file is then unchanged.
    """
    path = Path(path).resolve()  # a symbolic link stays a link
    # The same folder, because a rename is atomic only within one file system.
    temporary = path.with_name(f".davylamp-{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name has to reach the disk as well
    finally:
        os.close(folder)


def write_text(path: str | Path, text: str) -> None:
    """Replace the content of a file by ``text`` in UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode())
