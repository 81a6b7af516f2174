"""What SQLite noted beside the journal about its latest commits: after a crash, it shows whether any are missing."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

_HEADER = 48  # [B] of the index's header, which is there twice
_WAL_HEADER = 32  # [B]
_LATER = 1000  # times that a log may have begun anew since the index was last written to the disk


class WalIndex(NamedTuple):
    """The header of SQLite's ``-shm`` file (https://sqlite.org/walformat.html), in the machine's byte order.

    Parameters
    ----------
    frames
        Frames that the log had after the last commit.
    copied
        Frames of them that were in the database already.
    salt
        Marks the log that they were in.
    """

    frames: int
    copied: int
    salt: bytes

    @classmethod
    def read(cls, path: Path) -> WalIndex | None:
        """Read it, before SQLite opens the file; ``None`` if there is none, as after a clean stop, or none whole."""
        try:
            with path.open("rb") as file:
                head = file.read(2 * _HEADER + 4)
        except OSError:
            return None
        if len(head) < 2 * _HEADER + 4 or head[:_HEADER] != head[_HEADER : 2 * _HEADER] or not head[12]:
            return None
        (frames,) = struct.unpack_from("=I", head, 16)
        (copied,) = struct.unpack_from("=I", head, 2 * _HEADER)
        return cls(frames, copied, head[32:40])

    @property
    def needed(self) -> bool:
        """Whether the log has commits that the database does not have."""
        return self.frames > self.copied

    def lost(self, salt: bytes, frames: int) -> int:
        """Return how many frames are missing of the log that has this salt and so many frames now.

        After a power cut the index may be older than the log. A log that has begun anew since then is whole.
        """
        if not self.needed:
            return 0
        if salt != self.salt:
            later = int.from_bytes(salt[:4], "big") - int.from_bytes(self.salt[:4], "big")
            return 0 if len(salt) == len(self.salt) and 0 < later <= _LATER else self.frames - self.copied
        return max(0, self.frames - frames)


def log_salt(path: Path) -> bytes:
    """Return the salt of the log at a path; empty if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_WAL_HEADER)[16:24]
    except OSError:
        return b""
