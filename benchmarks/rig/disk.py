"""A small disk for the journal that can be filled."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_PATIENCE = 10.0  # [s] for a process to open the journal


class SmallDisk:
    """A tmpfs where mounting is allowed; otherwise a folder, in which a file-size limit stands for a full disk.

    Parameters
    ----------
    folder
        Folder of the disk; it is made.
    mib
        Size [MiB].

    Attributes
    ----------
    journal
        Path for the agent's journal.
    kind
        Description of which of the two it is.
    """

    def __init__(self, folder: Path, mib: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.journal = folder / "journal.db"
        mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
        try:
            self._mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        except OSError:
            self._mounted = False
        self.kind = f"a tmpfs of {mib} MiB" if self._mounted else "a limit on file sizes (no tmpfs may be mounted here)"

    def fill(self, pid: int) -> None:
        """Fill the disk; ``pid`` is the process that a file-size limit applies to."""
        if not self._mounted:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        if self._await_open(pid):
            with contextlib.closing(self._connect()) as database, contextlib.suppress(sqlite3.Error):
                # Otherwise the agent goes on for a while inside the log.
                database.execute("pragma wal_checkpoint(truncate)")
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                with contextlib.suppress(OSError):  # no space left
                    while True:
                        file.write(bytes(size))

    def empty(self, pid: int) -> None:
        """Free the disk again."""
        if self._mounted:
            (self.folder / "filler").unlink(missing_ok=True)
        else:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    @contextlib.contextmanager
    def locked(self, pid: int) -> Iterator[None]:
        """Lock the journal against other writers, as an open transaction in another program does."""
        self._await_open(pid)
        with contextlib.closing(self._connect()) as database:
            with contextlib.suppress(sqlite3.Error):
                database.execute("begin immediate")
            yield

    def _await_open(self, pid: int) -> bool:
        """Wait until a process has opened the journal: SQLite removes the log when its last user closes it."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if any(each.readlink() == self.journal.resolve() for each in Path(f"/proc/{pid}/fd").iterdir()):
                    return True
            time.sleep(0.02)
        return False

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.journal, timeout=1.0, isolation_level=None)

    def end(self) -> None:
        """Unmount."""
        if self._mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)
