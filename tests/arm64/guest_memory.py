"""Memory of an emulated process, without that of the emulator, which takes some 110 MiB of its own."""

from __future__ import annotations

import re
import threading
from pathlib import Path

# The guest's addresses begin with 0x55 in forty bits, or lie far below; the emulator, which is position-independent,
# its heap and the code that it has translated lie far above.
_HIGHEST = 1 << 40
_MAPPING = re.compile(r"([0-9a-f]+)-[0-9a-f]+ .{4} ")


def guest_mib(pid: int) -> float:
    """Return the resident memory of the guest now [MiB], 0 if the process has gone.

    Parameters
    ----------
    pid
        Process of the emulator, or any other process that is not emulated: then 0 as well.
    """
    total, is_guest = 0, False
    try:
        lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    except OSError:
        return 0.0
    for line in lines:
        if found := _MAPPING.match(line):
            is_guest = int(found[1], 16) < _HIGHEST
        elif is_guest and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total / 1024


class PeakMemory:
    """The highest of what :func:`guest_mib` returns, sampled every 50 ms in a thread."""

    def __init__(self, pid: int) -> None:
        self.mib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, args=(pid,), daemon=True)
        self._thread.start()

    def _sample(self, pid: int) -> None:
        while not self._stop.wait(0.05):
            self.mib = max(self.mib, guest_mib(pid))

    def stop(self) -> float:
        """Stop, and return the highest [MiB]."""
        self._stop.set()
        self._thread.join()
        return self.mib


def native_peak_mib(pid: int) -> float:
    """Return the highest resident memory that a process of this machine's own kind has had [MiB]."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
