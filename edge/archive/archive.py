"""The archive as the agent sees it: it notes readings and alarms, and never waits for a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from config.settings.archive import ArchiveSettings
from config.settings.station import Station
from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Event
from edge.archive.archive_file import ArchiveContents
from edge.archive.archive_report import ArchiveReport
from edge.archive.archive_writer import ArchiveWork, ArchiveWriter
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.resumed import Resumed
from edge.archive.station_tail import ArchivedReading, StationTail
from edge.archive.tables import Holding
from edge.clock import Clock, rfc3339
from edge.journal.transaction import ReadingRow

_BLOCK = 1024  # readings of a station that become a block at once; the journal has at least 2,000 for after a kill
_EVERY = 3600.0  # [s] between two writes otherwise: each costs a card about 30 kB, however little is in it
_MOST_BYTES = 4 << 20  # of all stations in memory; then all of them are written
_ALARMS_AFTER, _ALARMS_EVERY = 20.0, 600.0  # [s] from a change of an alarm to its write, and between two of those
_STOPPING = 5.0  # [s] that a stop waits for the disk


class Archive:
    """Collects what is to be archived, and has it written now and then.

    Parameters
    ----------
    settings
        Its size and age.
    path
        The file.
    clock
        Paces the writes.
    begin
        Begins to write; tests put something else in its place.

    Attributes
    ----------
    path
        The file; ``None``: there is no archive.
    """

    def __init__(
        self,
        settings: ArchiveSettings,
        path: Path,
        clock: Clock,
        begin: Callable[[Path, int, int, Clock], ArchiveWriter] = ArchiveWriter,
    ) -> None:
        self.path = path if settings.max_mb else None
        self._clock = clock
        self._writer = begin(path, settings.max_mb, settings.days, clock) if settings.max_mb else None
        self._noted: list[tuple[str, Station, ArchivedReading]] = []
        self._tails: dict[str, StationTail] = {}
        self._kinds: dict[str, Station] = {}
        self._columns: dict[str, tuple[str, str]] = {}  # station -> id and JSON of its columns
        self._alarms: dict[str, ArchivedAlarm] = {}
        self._labels: dict[str, ArchivedAlarm] = {}
        self._bytes = 0
        now = clock.monotonic()
        self._next = now + _EVERY
        self._alarms_written = now - _ALARMS_EVERY
        self._changed: float | None = None  # since when an alarm waits that has opened or closed [s]
        self._labelled: float | None = None  # since when a label waits [s]

    @classmethod
    def off(cls, clock: Clock) -> Archive:
        """Make one that keeps nothing."""
        return cls(ArchiveSettings(max_mb=0), Path(), clock)

    @classmethod
    def beside(cls, settings: ArchiveSettings, journal: str, clock: Clock) -> Archive:
        """Make the archive that the settings name; without a path, it lies beside the journal."""
        return cls(settings, settings.place(journal), clock)

    @property
    def contents(self) -> ArchiveContents | None:
        """What is in the file, as it was last written; ``None``: it could not be opened."""
        return None if self._writer is None else self._writer.contents

    @property
    def problem(self) -> str | None:
        """What is wrong with it; ``None``: nothing."""
        return None if self._writer is None else self._writer.hangs or self._writer.problem

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._writer is not None and not self._writer.settled

    def note(self, name: str, station: Station, reading: ArchivedReading) -> None:
        """Note a reading of a station with these columns; :meth:`settle` keeps it once the journal has it."""
        if self._writer is not None:
            self._noted.append((name, station, reading))

    def settle(self, labels: Iterable[AlarmLabel]) -> None:
        """Keep what was noted: it is committed, with these labels."""
        if self._writer is None:
            return
        for name, station, reading in self._noted:
            tail = self._tails.get(name)
            if tail is None or self._kinds[name] is not station:
                if tail is not None:
                    self._write([tail])
                tail = self._begin(name, station)
            tail.add(reading)
            self._bytes += tail.row_bytes
            if tail.count >= _BLOCK:
                self._write([tail])
        self._noted.clear()
        for label in labels:
            self._labels[label.alarm_id] = ArchivedAlarm.from_label(label)
            self._labelled = self._labelled or self._clock.monotonic()
        if self._bytes > _MOST_BYTES:
            self._write(list(self._tails.values()))

    def note_events(self, events: Iterable[Event]) -> None:
        """Note what became of alarms."""
        if self._writer is None:
            return
        for event in events:
            self._alarms[event.id] = ArchivedAlarm.from_event(event)
            if event.event_type != "update" or event.label is not None:
                self._changed = self._changed or self._clock.monotonic()

    def resume(self, name: str, station: Station, rows: Sequence[ReadingRow], correction: float = 0.0) -> None:
        """Take what the journal has of a station: a kill may have cost the file the latest of it.

        Which alarms were open is then not known by the reading, but by its time. ``correction`` is added to the stamps
        because the station's clock is off [s].
        """
        writer = self._writer
        if writer is None:
            return
        columns_id, columns = self._columns_of(name, station)
        found = Resumed(name, columns_id, station.size, rows[-2 * _BLOCK :], correction)
        if (resumed := found.behind(writer.latest.get(name))).rows:
            writer.put(ArchiveWork(resumed=[resumed], columns={columns_id: columns}))

    def turn(self) -> None:
        """Have written what is due."""
        now = self._clock.monotonic()
        labelled = self._labelled is not None and now >= self._labelled + _ALARMS_AFTER  # people are slow
        changed = self._changed is not None and now >= self._changed + _ALARMS_AFTER
        if now >= self._next or labelled or (changed and now >= self._alarms_written + _ALARMS_EVERY):
            self.flush()

    def flush(self) -> None:
        """Have everything written."""
        now = self._clock.monotonic()
        self._next = now + _EVERY
        if self._alarms or self._labels:
            self._alarms_written = now
        self._write([tail for tail in self._tails.values() if tail.count])

    def holdings(self) -> list[Holding]:
        """Return what there is of each station, in the file and on its way there."""
        held = {} if self.contents is None else {each.station: each for each in self.contents.holdings}
        for name, tail in self._tails.items():
            if name not in held and tail.count:
                held[name] = Holding(station=name, readings=0, first=tail.received, last=tail.received, size=0)
        return [held[name] for name in sorted(held)]

    def columns_of(self, name: str) -> str | None:
        """Return the id of what a station's columns are; ``None`` if it has not sent since the start."""
        return self._columns[name][0] if name in self._columns else None

    def columns(self, columns_id: str) -> str | None:
        """Return what columns are, as JSON, if a station has sent them since the start."""
        return next((text for each, text in self._columns.values() if each == columns_id), None)

    def pending(self, name: str, until: float) -> bool:
        """Return whether the file may lack readings of a station that came before a time [s]; they are written now."""
        tail = self._tails.get(name)
        # The gateway's clock may have gone back since they came.
        if tail is not None and tail.count and not until <= tail.received <= self._clock.now():
            self._write([tail])
        # What cannot be written is not there, either.
        return self._writer is not None and (self.busy or self._writer.waiting > 0)

    def pending_alarms(self) -> bool:
        """Return whether there is something about alarms that the file may not have yet; it is written at once."""
        if self._alarms or self._labels:
            self._write([])
        return self.busy

    def doubt(self) -> None:
        """Have every page of the file looked at, because it could not be read."""
        if self._writer is not None:
            self._writer.put(ArchiveWork(doubted=True))

    def report(self) -> ArchiveReport:
        """Return what health says."""
        writer = self._writer
        if writer is None:
            return ArchiveReport()
        contents = writer.contents
        holdings: Sequence[Holding] = () if contents is None else contents.holdings
        first = min((each.first for each in holdings), default=None)
        return ArchiveReport(
            state=writer.fault or ("io" if writer.hangs else "ok"),
            mb=0.0 if contents is None else contents.mb,
            readings=sum(each.readings for each in holdings),
            since=None if first is None else rfc3339(first),
            waiting=writer.waiting + sum(tail.count for tail in self._tails.values()),
            lost=writer.lost,
            problem=self.problem,
        )

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._writer is not None:
            self.flush()
            self._writer.close(_STOPPING)
            self._writer = None

    def _begin(self, name: str, station: Station) -> StationTail:
        columns_id, _ = self._columns_of(name, station)
        tail = self._tails[name] = StationTail(name, columns_id, station.size)
        return tail

    def _columns_of(self, name: str, station: Station) -> tuple[str, str]:
        if self._kinds.get(name) is not station:
            # Stations of one bundle have the same columns: the text is there once.
            same = next((other for other, kind in self._kinds.items() if kind is station), None)
            text = "" if same is not None else msgspec.json.encode(station).decode()
            described = hashlib.sha256(text.encode()).hexdigest()[:16], text
            self._columns[name] = described if same is None else self._columns[same]
            self._kinds[name] = station
        return self._columns[name]

    def _write(self, tails: Sequence[StationTail]) -> None:
        """Hand readings to the writer, and with them all alarms that have changed."""
        if self._writer is None:
            return
        columns = dict(self._columns[tail.station] for tail in tails)
        alarms, labels = list(self._alarms.values()), list(self._labels.values())
        if tails or alarms or labels:
            self._writer.put(ArchiveWork(tails=tails, columns=columns, alarms=alarms, labels=labels))
        for tail in tails:
            del self._tails[tail.station]
            self._bytes -= tail.count * tail.row_bytes
        self._alarms, self._labels, self._changed, self._labelled = {}, {}, None, None
