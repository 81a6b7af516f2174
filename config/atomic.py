"""Files that are there whole or not at all, even when the power goes."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_bytes(path: str | Path, data: bytes) -> None:
    """Replace ``path`` by ``data``, keeping the mode of a file that was there.

    Parameters
    ----------
    path
        Its folder must exist.
    data
        The whole content.

    Raises
    ------
    OSError
        When the folder cannot be written to; ``path`` is then as it was.
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
        os.fsync(folder)  # the new name, too, has to reach the disk
    finally:
        os.close(folder)


def write_text(path: str | Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode())
