"""Writes a training file of a station's archived readings, and its alarms beside it."""

from __future__ import annotations

import bisect
import contextlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
import numpy as np

from config.settings.station import Station
from edge.archive import tables
from edge.archive.archived_alarm import ArchivedAlarm
from edge.archive.archived_block import ArchivedBlock
from edge.arrays import Floats
from edge.clock import parse_time, rfc3339
from edge.errors import ArchiveError
from edge.readings.csv.appender import CsvAppender
from edge.readings.csv.collected_columns import COLLECTED, JOINED
from edge.readings.csv.writer import write_table
from edge.scoring.verdict import NUMBERED_STATES

_MOST_ALARMS = 1_000_000


class Written(NamedTuple):
    """What was written.

    Parameters
    ----------
    rows
        Number of readings.
    first, last
        Earliest and latest time of them, Unix time [s]; nan without one.
    labels
        Label -> number of rows.
    alarms
        Number of alarms.
    """

    rows: int
    first: float
    last: float
    labels: dict[str, int]
    alarms: int


def alarms_path(output: Path) -> Path:
    """Return where the alarms of a collected file are written: ``recent.csv`` has ``recent.alarms.csv``."""
    return output.with_name(f"{output.name.removesuffix(output.suffix)}.alarms{output.suffix or '.csv'}")


def write_collected(db: sqlite3.Connection, station: str, output: Path, since: float, out: TextIO) -> Written:
    """Write a station's readings in the order of their times, each once, as ``davylamp record`` writes them.

    Parameters
    ----------
    db
        An archive.
    station
        Name of the station.
    output
        The file, which is replaced when it is whole.
    since
        Readings of before this time are left out, Unix time [s].
    out
        Stream for what is left out.

    Raises
    ------
    ArchiveError
        The archive has no reading of that station since then, or cannot be read.
    OSError
        The file cannot be written.
    """
    alarms = [alarm for _, alarm in tables.alarms_of(db, station, 0, _MOST_ALARMS)]
    source = _Source(db, station, since, out)
    labels = _Labels(alarms)
    written = _Count()
    begun = output.with_name(f".{output.name}.part")
    begun.unlink(missing_ok=True)
    try:
        file = CsvAppender(begun, source.columns, out, further=COLLECTED)
        try:
            file.append(written.count(labels.cells(rows) for rows in source.sorted()))
        finally:
            file.close()
        if not written.rows:
            raise ArchiveError("io", f"{station}: the archive has no reading{_since(since)}")
        begun.replace(output)
    finally:
        begun.unlink(missing_ok=True)
    kept = [alarm for alarm in alarms if alarm.closed is None or parse_time(alarm.closed) >= since]
    names = ArchivedAlarm.__struct_fields__
    write_table(alarms_path(output), names, [[getattr(alarm, name) for name in names] for alarm in kept])
    return Written(written.rows, written.first, written.last, written.labels, len(kept))


def _since(time: float) -> str:
    return f" since {rfc3339(time)}" if time else ""


class _Rows(NamedTuple):
    times: Floats
    values: Floats
    states: Sequence[str]
    alarms: Sequence[str | None]
    numbers: Sequence[int]


class _Source:
    """Reads the blocks of a station and puts their rows in order; what is damaged is left out, block by block."""

    def __init__(self, db: sqlite3.Connection, station: str, since: float, out: TextIO) -> None:
        self._db = db
        self._station = station
        self._since = since
        self._out = out
        query = "select id, first, readings, last from blocks where station = ? and last >= ? order by first, id"
        self._blocks = db.execute(query, (station, since)).fetchall()
        if not self._blocks:
            known = ", ".join(each.station for each in tables.holdings(db))
            reason = f'got the station "{station}", of which the archive has no reading{_since(since)}'
            raise ArchiveError("io", f"{reason}; it has {known}" if known else reason)
        newest, text = self._newest_columns()
        self.columns = msgspec.json.decode(text, type=Station)
        self._order: dict[str, list[int] | None] = {newest: list(range(self.columns.size))}
        self._others = 0  # readings with other columns or units
        self._others_until = 0.0

    def _newest_columns(self) -> tuple[str, str]:
        """Return the id of the columns of the newest block that can be read, and what they are."""
        for number, *_ in sorted(self._blocks, reverse=True):
            with contextlib.suppress(ArchiveError, sqlite3.DatabaseError):
                newest, _ = self._block(number)
                if (text := tables.columns_of(self._db, newest)) is not None:
                    return newest, text
        raise ArchiveError("corrupt", f"{self._station}: the archive does not say what its columns are")

    def _block(self, number: int) -> tuple[str, bytes]:
        """Return the id of a block's columns, and its data; the index of a torn copy may have one that is not there."""
        found = self._db.execute("select columns, data from blocks where id = ?", (number,)).fetchone()
        if found is None:
            raise ArchiveError("corrupt", f"got no block {number}, which the index has")
        return str(found[0]), found[1]

    def sorted(self) -> Iterator[_Rows]:
        """Yield rows in the order of their times; blocks may overlap where readings came late."""
        held: _Rows | None = None
        for place, (number, _, readings, last) in enumerate(self._blocks):
            try:
                rows = self._read(number)
            except (ArchiveError, sqlite3.DatabaseError) as error:
                lost = f"{readings:,} readings up to {rfc3339(last)} are left out"
                print(f"{self._station}: {error}: {lost}", file=self._out, flush=True)
                continue
            if rows is None:
                self._others += readings
                self._others_until = max(last, self._others_until)
                continue
            held = rows if held is None else _together(held, rows)
            until = self._blocks[place + 1][1] if place + 1 < len(self._blocks) else math.inf
            done = int(np.searchsorted(held.times, until, side="left"))
            if done:
                yield _part(held, slice(0, done))
                held = _part(held, slice(done, None))
        if held is not None and len(held.times):
            yield held
        if self._others:
            what = f"{self._others:,} readings up to {rfc3339(self._others_until)} have other columns or units"
            print(f"{self._station}: {what} than the latest, and are left out", file=self._out, flush=True)

    def _read(self, number: int) -> _Rows | None:
        """Read a block; ``None``: it has other columns or units than the newest."""
        columns, data = self._block(number)
        if columns not in self._order:
            self._order[columns] = self._find_order(columns)
        order = self._order[columns]
        if order is None:
            return None
        block = ArchivedBlock.from_bytes(data)
        rows = _Rows(
            block.times,
            block.values[:, order],
            [NUMBERED_STATES[each] for each in block.verdicts.tolist()],
            [None if each < 0 else block.alarms[each] for each in block.open.tolist()],
            block.numbers.tolist(),
        )
        wanted = np.flatnonzero(block.times >= self._since)
        return _part(rows, wanted[np.argsort(block.times[wanted], kind="stable")])

    def _find_order(self, columns: str) -> list[int] | None:
        """Return where each column of the newest blocks is in others; ``None``: they have other columns or units."""
        text = tables.columns_of(self._db, columns)
        if text is None:
            return None
        theirs = {each.key: (i, each.unit) for i, each in enumerate(msgspec.json.decode(text, type=Station).features)}
        own = [(each.key, each.unit) for each in self.columns.features]
        if any(key not in theirs or theirs[key][1] != unit for key, unit in own):
            return None
        return [theirs[key][0] for key, _ in own]


class _Labels:
    """Finds which alarms were open at a reading, and what people said of them."""

    def __init__(self, alarms: Sequence[ArchivedAlarm]) -> None:
        self._labels = {alarm.id: alarm.label for alarm in alarms}
        spans = sorted(
            (parse_time(alarm.opened), math.inf if alarm.closed is None else parse_time(alarm.closed), alarm.id)
            for alarm in alarms
        )
        self._spans = [span for span in spans if span[1] < math.inf]
        self._standing = [span for span in spans if span[1] == math.inf]
        self._opened = [span[0] for span in self._spans]
        self._longest = max((closed - opened for opened, closed, _ in self._spans), default=0.0)

    def cells(self, rows: _Rows) -> Iterator[tuple[float, Sequence[float], Sequence[str]]]:
        """Yield each row: its time, its values, and the cells that are no channels."""
        for time, values, state, alarms in zip(
            rows.times.tolist(), rows.values.tolist(), rows.states, rows.alarms, strict=True
        ):
            ids = self._open_at(time) if alarms is None else alarms
            label = "" if not ids else self._label(ids)
            yield time, values, (state, ids, label)

    def _open_at(self, time: float) -> str:
        first, last = bisect.bisect_left(self._opened, time - self._longest), bisect.bisect_right(self._opened, time)
        spans = [*self._spans[first:last], *self._standing]
        return JOINED.join(each for opened, closed, each in spans if opened <= time <= closed)

    def _label(self, ids: str) -> str:
        found = dict.fromkeys(self._labels.get(each) for each in ids.split(JOINED))
        return JOINED.join(label for label in found if label)


class _Count:
    """Counts the rows as they are written, and leaves out one that is there twice."""

    def __init__(self) -> None:
        self.rows = 0
        self.first = self.last = math.nan
        self.labels: dict[str, int] = {}

    def count(
        self, several: Iterator[Iterator[tuple[float, Sequence[float], Sequence[str]]]]
    ) -> Iterator[tuple[float, Sequence[float], Sequence[str]]]:
        for rows in several:
            for row in rows:
                self.rows += 1
                self.first = row[0] if math.isnan(self.first) else self.first
                self.last = row[0]
                if label := row[2][2]:
                    self.labels[label] = self.labels.get(label, 0) + 1
                yield row


def _part(rows: _Rows, which: slice | np.ndarray[tuple[int], np.dtype[np.int64]]) -> _Rows:
    places = np.arange(len(rows.times))[which].tolist()
    return _Rows(
        rows.times[which],
        rows.values[which],
        [rows.states[i] for i in places],
        [rows.alarms[i] for i in places],
        [rows.numbers[i] for i in places],
    )


def _together(one: _Rows, other: _Rows) -> _Rows:
    """Put rows together in the order of their times; one that is in both, by number and time, is there once."""
    known = set(zip(one.numbers, one.times.tolist(), strict=True))
    pairs = zip(other.numbers, other.times.tolist(), strict=True)
    other = _part(other, np.array([i for i, pair in enumerate(pairs) if pair not in known], dtype=np.int64))
    both = _Rows(
        np.concatenate([one.times, other.times]),
        np.concatenate([one.values, other.values]),
        [*one.states, *other.states],
        [*one.alarms, *other.alarms],
        [*one.numbers, *other.numbers],
    )
    return _part(both, np.argsort(both.times, kind="stable"))
