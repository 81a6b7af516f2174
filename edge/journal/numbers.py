"""Numbers of readings that may have been given out: a journal that has lost its latest commits goes on behind them."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_STEP = 1000  # numbers that one line reserves: a line is written once in so many readings of a station
_MOST_LINES = 4096  # lines after which the file is written anew, with one line a station


class Reserved(msgspec.Struct, frozen=True):
    """A line of the file.

    Parameters
    ----------
    station
        Name of a station.
    n
        Highest number that may have been given to a reading of it.
    least
        Number that was certainly journalled when this was written: a journal with a smaller one has lost something.
    """

    station: str
    n: int
    least: int = 0


class Numbers:
    """A small file beside the journal with the numbers that stations may have used.

    A station reserves a thousand numbers at a time, so this costs one line in a thousand readings. The lines of a
    commit are written and synced before it.

    Parameters
    ----------
    path
        The file; it is made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reserved: dict[str, Reserved] = {}
        self._pending: dict[str, Reserved] = {}
        self._lines = 0
        with contextlib.suppress(OSError), path.open("rb") as file:
            for each in _decoded(file):
                self._lines += 1
                self._reserved[each.station] = each

    def __contains__(self, station: str) -> bool:
        return station in self._reserved

    def __iter__(self) -> Iterator[str]:
        return iter(self._reserved)

    @property
    def pending(self) -> bool:
        """Whether lines wait to be written."""
        return bool(self._pending)

    def highest(self, station: str) -> int:
        """Return the highest number that may have been used; 0 for a station that is not known."""
        return self._reserved[station].n if station in self._reserved else 0

    def least(self, station: str) -> int:
        """Return a number that was certainly journalled; 0 for a station that is not known."""
        return self._reserved[station].least if station in self._reserved else 0

    def reserve(self, station: str, n: int) -> int:
        """Reserve numbers from ``n`` on, which is about to be journalled; returns the last of them."""
        before = self._reserved.get(station)
        if before is not None and n <= before.n:
            return before.n
        # The number at the reservation before is journalled by now; the one that is about to be is not yet.
        line = Reserved(station, n + _STEP, 0 if before is None else max(before.least, before.n - _STEP))
        self._reserved[station] = self._pending[station] = line
        return line.n

    def raise_to(self, station: str, n: int) -> None:
        """Note that numbers up to ``n`` may have been used."""
        if n > self.highest(station):
            self._reserved[station] = self._pending[station] = Reserved(station, n)

    def forget(self, station: str) -> None:
        """Forget a station that is gone for good."""
        self._reserved.pop(station, None)
        self._pending.pop(station, None)

    def write(self) -> None:
        """Write what was reserved; raises OSError if the disk refuses that, and then it stays pending."""
        if self._lines + len(self._pending) > _MOST_LINES:
            self._rewrite()
        else:
            self._append(self._pending.values())
        self._pending = {}

    def _append(self, lines: Iterable[Reserved]) -> None:
        text = b"\n" + b"\n".join(map(_ENCODER.encode, lines))  # the line before may have been cut off
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _write(file, text)
        finally:
            os.close(file)
        self._lines += len(self._pending)

    def _rewrite(self) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(file, b"\n".join(map(_ENCODER.encode, self._reserved.values())))
        finally:
            os.close(file)
        fresh.replace(self._path)
        self._lines = len(self._reserved)


def _write(file: int, text: bytes) -> None:
    if os.write(file, text) < len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file)


def _decoded(lines: Iterable[bytes]) -> Iterator[Reserved]:
    """Yield the lines that can be read."""
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError):
            yield _DECODER.decode(line)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Reserved)
