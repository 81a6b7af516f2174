"""Writes the archive on a thread of its own, so that no card, however slow, delays a reading."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from edge.archive.archive_file import ArchiveContents, ArchiveFile
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.station_tail import ArchivedReading, StationTail
from edge.archive.tables import BlockRow
from edge.backoff import Backoff
from edge.clock import Clock
from edge.errors import ArchiveError
from edge.journal.place import LEFT_FREE, free_mb
from edge.log import ONCE_A_MINUTE, Log

_MOST_WAITING = 8 << 20  # [B] in memory while the file cannot be written; then the oldest are lost
_FIRST_RETRY, _LONGEST_RETRY = 1.0, 60.0  # [s] between two tries
_OPENING = 0.5  # [s] that a start waits at most for the file to be open: whoever asks at once is then answered
_BREATH = 0.002  # [s] between two blocks, in which the agent's thread has the interpreter for itself
_TRIES = 3  # at once, when a damaged file has been replaced


@dataclass(frozen=True)
class ArchiveWork:
    """What is written in one transaction.

    Parameters
    ----------
    tails
        Readings, by station, in their order.
    resumed
        Readings of before a restart; those that the file has are left out. They begin before all others.
    columns
        Id -> what their columns are, as JSON.
    alarms
        Alarms, as they are known now.
    labels
        Labels of alarms of which the rest may be known.
    """

    tails: Sequence[StationTail] = ()
    resumed: Sequence[Resumed] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    alarms: Sequence[ArchivedAlarm] = ()
    labels: Sequence[ArchivedAlarm] = ()

    @property
    def size(self) -> int:
        """What it takes in memory [B], about."""
        return sum(each.size for each in self.tails) + sum(each.size for each in self.resumed) + 600 * len(self.alarms)

    @property
    def readings(self) -> int:
        """How many readings are in it."""
        return sum(each.count for each in self.tails)


@dataclass(frozen=True)
class Resumed:
    """Readings that the journal has of before a restart; the file may have none, some or all of them.

    Parameters
    ----------
    station, columns, width
        As of a :class:`StationTail`.
    rows
        The readings, the oldest first.
    """

    station: str
    columns: str
    width: int
    rows: Sequence[ArchivedReading]

    @property
    def size(self) -> int:
        """What it takes in memory [B], about."""
        return len(self.rows) * (250 + 8 * self.width)

    def missing(self, latest: tuple[int, float] | None) -> StationTail | None:
        """Return those behind the last one that the file has; ``None`` if it has them all.

        ``latest`` is the count of that one, and when it arrived [s]. A journal that was begun anew counts from 1.
        """
        rows = self.rows
        if latest is not None:
            number, received = latest
            counts_on = rows[-1].number >= number and all(
                row.received == received for row in rows if row.number == number
            )
            rows = [row for row in rows if (row.number > number if counts_on else row.received > received)]
        if not rows:
            return None
        tail = StationTail(self.station, self.columns, self.width)
        for row in rows:
            tail.add(row)
        return tail


class ArchiveWriter:
    """The thread, and what it says about the file.

    Parameters
    ----------
    path
        The file.
    max_mb
        Size that it may reach [MB].
    days
        How long readings and alarms are kept [d].
    clock
        Tells what is too old.

    Attributes
    ----------
    fault
        Why the file cannot be written: ``full``, ``locked``, ``corrupt`` or ``io``; ``None`` while all is well.
    problem
        A sentence about that, or about a file that was begun anew; ``None`` without one.
    contents
        What is in the file; ``None`` before it could be opened.
    lost
        Readings that it never got.
    """

    def __init__(self, path: Path, max_mb: int, days: int, clock: Clock) -> None:
        self.fault: str | None = None
        self.problem: str | None = None
        self.contents: ArchiveContents | None = None
        self.lost = 0
        self._path = path
        self._max_mb = max_mb
        self._days = days
        self._clock = clock
        self._log = Log("archive", clock)
        self._works: SimpleQueue[ArchiveWork | None] = SimpleQueue()
        self._waiting: deque[ArchiveWork] = deque()
        self._backoff = Backoff(_FIRST_RETRY, _LONGEST_RETRY)
        self._file: ArchiveFile | None = None
        self._latest: dict[str, tuple[int, float]] = {}
        self._put, self._done = 1, 0  # works, each counted by one thread; the first is to open the file
        self._given = self._finished = 0  # readings, each counted by one thread
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive", daemon=True)
        self._thread.start()
        self._tried.wait(_OPENING)

    @property
    def waiting(self) -> int:
        """Readings that wait for the file."""
        return self._given - self._finished

    @property
    def settled(self) -> bool:
        """Whether everything has been written, or has failed."""
        return self._done >= self._put

    def put(self, work: ArchiveWork) -> None:
        """Have something written, soon."""
        self._put += 1
        self._given += work.readings
        self._works.put(work)

    def close(self, patience: float) -> None:
        """Write what is left, and close the file; a disk that hangs is left to itself after ``patience`` [s]."""
        self._works.put(None)
        self._thread.join(patience)
        if self._thread.is_alive():
            self._log.error("archive does not answer, and is left as it is", path=str(self._path))

    def _run(self) -> None:
        self._attempt()  # opens it, so that health can tell what is in it
        self._done += 1
        self._tried.set()
        going = True
        while going:
            taken = 0
            try:
                work = self._works.get(timeout=self._backoff.next_delay() if self.fault else None)
                while True:
                    if work is None:
                        going = False
                    else:
                        self._waiting.append(work)
                        taken += 1
                    work = self._works.get_nowait()
            except Empty:
                pass
            self._drop_excess()
            self._attempt()
            self._done += taken
        if self._file is not None:
            self._file.close()
        self._lose(self._waiting)

    def _attempt(self) -> None:
        """Open the file if it is not, and write what waits; a mistake of ours must not end the thread."""
        for _ in range(_TRIES):
            try:
                self._write()
            except ArchiveError as error:
                self._note(error)
                if error.kind == "corrupt" and self._file is not None:
                    with contextlib.suppress(ArchiveError):
                        self._latest = self._file.latest()
                    continue
            except Exception as error:
                self._log.exception("archive could not be written")
                self._lose(self._waiting)
                self._waiting.clear()
                self.problem = f"{self._path}: internal error: {error}; fix: see the agent's log"
            else:
                if self.fault is not None:
                    self._log.warning("archive works again", after=self.fault)
                self.fault = None
                self.problem = self._file.renewed if self._file is not None else None
                self._backoff.reset()
            return

    def _note(self, error: ArchiveError) -> None:
        every = ONCE_A_MINUTE if error.kind == self.fault else 0.0
        self.fault, self.problem = error.kind, str(error)
        self._log.error(f"archive {error.kind}: readings wait for it in memory", every=every, detail=str(error))

    def _write(self) -> None:
        self._check_room()
        if self._file is None:
            self._file = ArchiveFile(self._path, self._max_mb, self._days)
            self._latest = self._file.latest()
            self.contents = self._file.contents()
        works = list(self._waiting)
        if not works:
            return
        blocks: list[BlockRow] = []
        columns: dict[str, str] = {}
        latest = dict(self._latest)
        for work in works:
            columns |= work.columns
            resumed = [tail for each in work.resumed if (tail := each.missing(latest.get(each.station))) is not None]
            for tail in (*resumed, *work.tails):
                block = tail.block()
                blocks.append(block)
                time.sleep(_BREATH)
                latest[tail.station] = block.number, block.received
        alarms = {alarm.id: alarm for work in works for alarm in work.alarms}
        labels = {alarm.id: alarm for work in works for alarm in work.labels}
        self._file.write(columns, blocks, list(alarms.values()), list(labels.values()), self._clock.now())
        self._latest = latest
        for work in works:
            self._waiting.popleft()
            self._finished += work.readings
        with contextlib.suppress(ArchiveError):
            self.contents = self._file.contents()

    def _check_room(self) -> None:
        """Raise ArchiveError on a disk that is nearly full."""
        if (free := free_mb(self._path)) < LEFT_FREE:
            raise ArchiveError(
                "full",
                f"{self._path}: its disk has {free:.1f} MB left, which are the journal's; "
                f"fix: make room for {LEFT_FREE:.0f} MB more, or archive.path on another disk",
            )

    def _drop_excess(self) -> None:
        """Lose the oldest readings that wait when there is no memory for them any more."""
        size = sum(work.size for work in self._waiting)
        while size > _MOST_WAITING and len(self._waiting) > 1:
            work = self._waiting.popleft()
            size -= work.size
            self._lose([work])
            self._log.error("readings are lost to the archive", every=ONCE_A_MINUTE, readings=work.readings)

    def _lose(self, works: Iterable[ArchiveWork]) -> None:
        readings = sum(work.readings for work in works)
        self.lost += readings
        self._finished += readings
