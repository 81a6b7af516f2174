"""The files of a journal: locked, readable by their owner only, and watched while they are in use."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from edge.journal.lock import lock_database, restrict, take_lock
from edge.journal.numbers import Numbers
from edge.journal.place import free_mb
from edge.journal.wal_index import WalIndex, log_salt

_ENDS = ("", "-wal", "-shm")
_OPEN = b"open\n"  # in the lock's file from the first commit on until a clean stop
_KEPT = 3  # files that were set aside: a card that damages one every day must not fill itself with them


class JournalFiles:
    """The database with SQLite's ``-wal`` and ``-shm``, and ``.lock`` and ``.numbers`` beside it.

    Parameters
    ----------
    path
        The database, by any of its names.

    Attributes
    ----------
    path : Path
        The database without symbolic links, by which SQLite names the files beside it.
    numbers : Numbers
        Numbers of readings that may have been given out.
    marked : bool
        Whether the lock's file says that there are commits to lose.

    Raises
    ------
    JournalError
        Another agent has the journal, or its folder cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._log, self._shm, self._fresh = (self._beside(end) for end in ("-wal", "-shm", ".fresh"))
        self._names = str(self.path), str(self._log)
        self._lock = take_lock(self.path)
        self._unclean = self.marked = os.pread(self._lock, len(_OPEN), 0) == _OPEN
        self.numbers = Numbers(self._beside(".numbers"))
        self._database = -1
        self._inode = self._log_inode = 0
        self._size = self._log_size = 0
        self._index: WalIndex | None = None
        self._salt = b""

    @property
    def mb(self) -> float:
        """Size of the database and its log [MB]."""
        size = 0
        for each in (self.path, self._log):
            with contextlib.suppress(OSError):
                size += each.stat().st_size
        return round(size / 1e6, 2)

    @property
    def free_mb(self) -> float:
        """What is free on the disk [MB]; infinite if the disk does not tell."""
        return free_mb(self.path)

    def claim(self) -> bool:
        """Lock the database, before SQLite opens it; returns whether there was one, otherwise an empty one is made.

        A fresh one that was not finished is removed; one that was, but not put into its place, is put there.
        """
        existed = self.path.exists()
        if existed:
            self.discard_fresh()
        elif existed := self._fresh.exists():
            self._fresh.rename(self.path)
        self._index = WalIndex.read(self._shm)
        self._salt = log_salt(self._log)
        self._database = lock_database(self.path)
        restrict(self._log)
        restrict(self._shm)
        return existed

    def missing(self, frames: int | None, *, new: bool) -> str:
        """Say what the database lacks of the run before; empty if that is nothing.

        Parameters
        ----------
        frames
            Frames in its log now; ``None`` if there is no log.
        new
            Whether there is nothing in the database.
        """
        if new and any(True for _ in self.numbers):
            return "it is empty, and there were readings before"
        if self._index is None:
            removed = self._unclean and not self._salt
            return "its -wal is gone, in which the last commits were" if removed else ""
        lost = self._index.lost(self._salt, frames or 0)
        return f"{lost} of the {self._index.frames} pages of its -wal are gone or damaged" if lost else ""

    @property
    def crashed(self) -> bool:
        """Whether the log should have commits that the database lacks."""
        return self._index is not None and self._index.needed

    def opened(self) -> None:
        """Note the files that SQLite has opened."""
        self._inode, self._size = _seen(self._names[0])
        self._log_inode = self._log_size = 0

    def changed(self, limit: int) -> str:
        """Say what has happened to the files since they were opened; empty while they are what they were.

        A log that has become shorter is ``"cut"``: another program may have had SQLite do that. ``limit`` is the size
        to which we have it do that ourselves [B].
        """
        try:
            inode, size = _seen(self._names[0])
        except FileNotFoundError:
            return "the file was removed"
        if inode != self._inode:
            return "the file is another one than the one that was opened"
        if size < self._size:
            return f"the file was cut to {size} bytes"
        self._size = size
        try:
            inode, size = _seen(self._names[1])
        except FileNotFoundError:
            return "its -wal was removed" if self._log_inode else ""
        if self._log_inode and inode != self._log_inode:
            return "its -wal is another one than the one that was opened"
        if size < self._log_size:
            self._log_size = size
            return CUT
        self._log_inode, self._log_size = inode, min(size, limit)
        return ""

    def mark(self) -> None:
        """Note in the lock's file that there are commits to lose, until a clean stop."""
        with contextlib.suppress(OSError):  # on a full disk, a missing -wal would not be noticed
            os.pwrite(self._lock, _OPEN, 0)
        self.marked = True

    def unmark(self) -> None:
        """Note that the database is about to be closed, so that its log will be gone."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock, 0)
        self.marked = False

    def set_aside(self, now: float) -> str:
        """Rename the database and its log at this Unix time [s], and put the fresh one in its place; returns the name.

        SQLite must have closed it: it removes a log by its name. Raises OSError on failure.
        """
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        end, number = f".corrupt-{moment}", 1
        while self._beside(end).exists():
            number += 1
            end = f".corrupt-{moment}-{number}"
        for each in _ENDS:
            with contextlib.suppress(FileNotFoundError):
                self._beside(each).rename(self._beside(end + each))
        self._drop_oldest()
        self._fresh.rename(self.path)
        return str(self._beside(end))

    def unlock_database(self) -> None:
        """Give the database's own lock back; SQLite must have closed it."""
        if self._database >= 0:
            os.close(self._database)
            self._database = -1

    def release(self) -> None:
        """Give both locks back; SQLite must have closed the database."""
        self.unlock_database()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def begin_fresh(self) -> Path:
        """Make an empty file beside the database, which stays in use; raises OSError."""
        self.discard_fresh()
        os.close(os.open(self._fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        return self._fresh

    def discard_fresh(self) -> None:
        """Remove a fresh database that is of no use."""
        self._fresh.unlink(missing_ok=True)
        self._beside(".fresh-journal").unlink(missing_ok=True)

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    def _drop_oldest(self) -> None:
        with contextlib.suppress(OSError):
            names = [each.name for each in self.path.parent.iterdir()]
            aside = [each for each in names if each.startswith(f"{self.path.name}.corrupt-")]
            databases = sorted((each for each in aside if not each.endswith(_ENDS[1:])), key=_moment)
            for name in databases[:-_KEPT]:
                for end in _ENDS:
                    self.path.with_name(name + end).unlink(missing_ok=True)


CUT = "its -wal was cut"
"""What :meth:`JournalFiles.changed` says about a log that has become shorter."""


def _moment(name: str) -> tuple[str, int]:
    """When a file was set aside, and which of that second it is."""
    moment, _, number = name.rpartition(".corrupt-")[2].partition("-")
    return moment, int(number) if number.isdigit() else 1


def _seen(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116  # twice before every commit, and a Path's takes twice as long
    return found.st_ino, found.st_size
