"""Writes the archive on a thread of its own, so that no card, however slow, delays a reading."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from edge.archive.archive_fault import lack_of_room
from edge.archive.archive_file import ArchiveContents, ArchiveFile
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.resumed import Latest, Resumed
from edge.archive.station_tail import StationTail
from edge.archive.tables import BlockRow
from edge.backoff import Backoff
from edge.clock import Clock
from edge.errors import ArchiveError
from edge.log import ONCE_A_MINUTE, Log

_MOST_WAITING = 8 << 20  # [B] in memory while the file cannot be written; then the oldest are lost
_HANGS = 60.0  # [s] of one write after which the disk does not answer, and what comes is lost when much waits
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
    doubted
        Whether somebody could not read the file, so that all of it is to be looked at.
    """

    tails: Sequence[StationTail] = ()
    resumed: Sequence[Resumed] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    alarms: Sequence[ArchivedAlarm] = ()
    labels: Sequence[ArchivedAlarm] = ()
    doubted: bool = False

    @property
    def size(self) -> int:
        """What it takes in memory [B], about."""
        return sum(each.size for each in self.tails) + sum(each.size for each in self.resumed) + 600 * len(self.alarms)

    @property
    def readings(self) -> int:
        """How many readings are in it."""
        return sum(each.count for each in self.tails)


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
    latest
        Station -> the last of its readings in the file.
    """

    def __init__(self, path: Path, max_mb: int, days: int, clock: Clock) -> None:
        self.fault: str | None = None
        self.problem: str | None = None
        self.contents: ArchiveContents | None = None
        self.latest: dict[str, Latest] = {}
        self._path = path
        self._max_mb = max_mb
        self._days = days
        self._clock = clock
        self._log = Log("archive", clock)
        self._works: SimpleQueue[ArchiveWork | None] = SimpleQueue()
        self._waiting: deque[ArchiveWork] = deque()
        self._backoff = Backoff(_FIRST_RETRY, _LONGEST_RETRY)
        self._file: ArchiveFile | None = None
        self._put, self._done = 1, 0  # works, each counted by one thread; the first is to open the file
        self._given = self._finished = 0  # readings, each counted by one thread
        self._given_size = self._finished_size = 0  # [B], likewise
        self._refused = self._dropped = 0  # readings, likewise
        self._begun: float | None = None  # since when the thread tries to write, monotonic [s]
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive", daemon=True)
        self._thread.start()
        self._tried.wait(_OPENING)

    @property
    def waiting(self) -> int:
        """Readings that wait for the file."""
        return self._given - self._finished

    @property
    def lost(self) -> int:
        """Readings that it never got."""
        return self._refused + self._dropped

    @property
    def hangs(self) -> str | None:
        """A sentence about a disk that does not answer; ``None``: it does."""
        begun = self._begun
        if begun is None or (since := self._clock.monotonic() - begun) < _HANGS:
            return None
        return f"{self._path}: its disk has not answered for {since:.0f} s; fix: check it, or archive.path on another"

    @property
    def settled(self) -> bool:
        """Whether everything has been written, or has failed."""
        return self._done >= self._put

    def put(self, work: ArchiveWork) -> None:
        """Have something written, soon."""
        if self._given_size - self._finished_size > _MOST_WAITING and self.hangs is not None:
            self._refused += work.readings
            self._log.error("readings are lost to the archive", every=ONCE_A_MINUTE, readings=work.readings)
            return
        self._put += 1
        self._given += work.readings
        self._given_size += work.size
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
            self._attempt()
            if self.fault is not None:
                self._drop_excess()
            self._done += taken
        if self._file is not None:
            self._file.close()
        self._lose(list(self._waiting))

    def _attempt(self) -> None:
        """Open the file if it is not, and write what waits; a mistake of ours must not end the thread."""
        self._begun = self._clock.monotonic()
        try:
            self._try()
        finally:
            self._begun = None

    def _try(self) -> None:
        for _ in range(_TRIES):
            try:
                self._write()
            except ArchiveError as error:
                self._note(error)
                if error.kind == "corrupt" and self._file is not None:
                    with contextlib.suppress(ArchiveError):
                        self.latest = self._file.latest()
                    continue
            except Exception as error:
                self._log.exception("archive could not be written")
                self._lose(list(self._waiting))
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
        if self._file is None:
            self._file = ArchiveFile(self._path, self._max_mb, self._days)
            self.latest = self._file.latest()
            self.contents = self._file.contents()
        self._check_room()
        works = list(self._waiting)
        if not works:
            return
        if any(work.doubted for work in works):
            self._file.check()
        blocks: list[BlockRow] = []
        columns: dict[str, str] = {}
        latest = dict(self.latest)
        for work in works:
            columns |= work.columns
            resumed = [each.behind(latest.get(each.station)) for each in work.resumed]
            for tail in (*(each.tail() for each in resumed if each.rows), *work.tails):
                block = tail.block()
                blocks.append(block)
                time.sleep(_BREATH)
                latest[tail.station] = block.number, block.received
        alarms = {alarm.id: alarm for work in works for alarm in work.alarms}
        labels = {alarm.id: alarm for work in works for alarm in work.labels}
        self._file.write(columns, blocks, list(alarms.values()), list(labels.values()), self._clock.now())
        self.latest = latest
        for work in works:
            self._waiting.popleft()
            self._finish([work])
        with contextlib.suppress(ArchiveError):
            self.contents = self._file.contents()

    def _check_room(self) -> None:
        """Raise ArchiveError on a disk that is nearly full."""
        if (lack := lack_of_room(self._path)) is not None:
            raise ArchiveError("full", lack)

    def _drop_excess(self) -> None:
        """Lose the oldest readings that wait when there is no memory for them any more."""
        size = sum(work.size for work in self._waiting)
        while size > _MOST_WAITING and len(self._waiting) > 1:
            work = self._waiting.popleft()
            size -= work.size
            self._lose([work])
            self._log.error("readings are lost to the archive", every=ONCE_A_MINUTE, readings=work.readings)

    def _lose(self, works: Sequence[ArchiveWork]) -> None:
        self._dropped += sum(work.readings for work in works)
        self._finish(works)

    def _finish(self, works: Sequence[ArchiveWork]) -> None:
        self._finished += sum(work.readings for work in works)
        self._finished_size += sum(work.size for work in works)
