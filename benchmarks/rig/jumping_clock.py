"""Run davylamp with a wall clock that can be moved from outside: jumping_clock.py OFFSET_FILE VERB ..."""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path
from unittest.mock import patch

import edge.agent.run
from davylamp import main


class JumpingClock:
    """The machine's clocks; the wall clock is moved by the seconds [float64] in a file.

    Parameters
    ----------
    path
        Path of the file, which may change at any time.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def now(self) -> float:
        """Unix time [s]."""
        (offset,) = struct.unpack("d", self._offset[:])
        return time.time() + float(offset)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start [s]."""
        return time.monotonic()


if __name__ == "__main__":
    clock = JumpingClock(Path(sys.argv[1]))
    with patch.object(edge.agent.run, "SystemClock", lambda: clock):
        sys.exit(main(sys.argv[2:]))
