"""Numbers of readings that may have been given out: a journal that has lost its latest commits goes on behind them."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from config.atomic import write_bytes
from edge.journal.transaction import StationRow

_STEP = 1000  # numbers that one line reserves: a line is written once in so many readings of a station
_MOST_STATIONS = 4096  # stations that are remembered, in half a megabyte
_MOST_LINES = 2 * _MOST_STATIONS  # lines after which the file is written anew, with one line a station


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
        self._retired: dict[str, None] = {}
        self._lines = 0
        with contextlib.suppress(OSError), path.open("rb") as file:
            for each in _decoded(file):
                self._lines += 1
                self._reserved[each.station] = each

    def __iter__(self) -> Iterator[str]:
        return iter(self._reserved)

    @property
    def pending(self) -> bool:
        """Whether lines wait to be written."""
        return bool(self._pending)

    def highest(self, station: str) -> int:
        """Return the highest number that may have been used; 0 for a station that is not known."""
        return self._reserved[station].n if station in self._reserved else 0

    def raised(self, rows: Sequence[StationRow], *, lost: bool) -> list[StationRow]:
        """Return the stations that have to go on behind numbers which may be lost, with their counts raised to those.

        Parameters
        ----------
        rows
            Stations as a journal has them.
        lost
            Whether it has lost commits; otherwise only those stations are returned whose counts show it.
        """
        known = [(row, self._reserved[row.name]) for row in rows if row.name in self._reserved]
        return [row._replace(n=each.n) for row, each in known if each.n > row.n and (lost or row.n < each.least)]

    def reserve(self, station: str, n: int) -> int:
        """Reserve numbers from ``n`` on, which is about to be journalled; returns the last of them."""
        before = self._reserved.get(station)
        if before is not None and n <= before.n:
            return before.n
        # The number at the reservation before is journalled by now; the one that is about to be is not yet.
        self._retired.pop(station, None)
        line = Reserved(station, n + _STEP, 0 if before is None else max(before.least, before.n - _STEP))
        self._reserved[station] = self._pending[station] = line
        return line.n

    def retire(self, station: str) -> None:
        """Note that a station is deleted: it is remembered, but the first to be forgotten.

        Those that have sent least are forgotten first.
        """
        self._retired[station] = None
        if len(self._reserved) > _MOST_STATIONS:
            for each in sorted(self._retired, key=self.highest)[: _MOST_STATIONS // 4]:
                del self._retired[each]
                self._reserved.pop(each, None)
                self._pending.pop(each, None)

    def write(self) -> str:
        """Write what was reserved; returns why the disk refuses that, and then it stays pending, or nothing.

        That is no reason not to commit, which may find room by deleting.
        """
        try:
            if self._lines + len(self._pending) > _MOST_LINES:
                self._rewrite()
            else:
                self._append(self._pending.values())
        except OSError as error:
            return error.strerror or str(error)
        self._pending = {}
        return ""

    def _append(self, lines: Iterable[Reserved]) -> None:
        text = b"\n" + b"\n".join(map(_ENCODER.encode, lines))  # the line before may have been cut off
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.write(file, text) < len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        finally:
            os.close(file)
        self._lines += len(self._pending)

    def _rewrite(self) -> None:
        self._path.touch(0o600)  # the mode that is kept
        write_bytes(self._path, b"\n".join(map(_ENCODER.encode, self._reserved.values())))
        self._lines = len(self._reserved)


def _decoded(lines: Iterable[bytes]) -> Iterator[Reserved]:
    """Yield the lines that can be read."""
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError):
            yield _DECODER.decode(line)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Reserved)
