"""Reads one or many CSV or Parquet files into the record that a training uses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Indices, Mask
from edge.readings.csv.header import quoted
from trainer.data.filled_rows import FilledRows, Span
from trainer.data.sent_rows import SentRows
from trainer.data.tables import read_files
from trainer.errors import RecordError

__all__ = ["Record", "Span", "load_record"]


@dataclass(frozen=True)
class Record:
    """Rows of a station as a gateway reads them: a cell without a good value holds the last one for up to 12 rows.

    Parameters
    ----------
    station
        What the columns are.
    values
        Readings [N, F] in the station's units, without nan (but see :attr:`without_gas`).
    held
        Cells [N, F] that were missing or outside the physical range, and hold the last good value. They belong to the
        memory, and to no statistic of their column.
    segments
        ``(start, end)`` of rows that one memory sees; nothing is carried from one to the next.
    parts
        ``(start, end)`` of the rows of each file; files that overlapped are one part.
    files
        Names of the files, without their folders.
    sha256
        Hash of the files' bytes, one after the other.
    restarts
        Rows within a segment at which a gateway forgets the latest readings but keeps the baseline: behind a short gap
        in time, or rows that could not be filled.
    time
        When the rows were measured, Unix time [s], [N]; ``None`` if it is unknown.
    places
        Numbers [N] of the rows among all that the files have.
    sent
        Number of rows that the files have, those that are left out included.
    cadence
        Interval between those rows [s], declared or learnt; ``None``: unknown.
    file_starts
        Number, among all that the files have, of the first row of each file.
    dropped
        Sentences about cells that are held and rows that were left out, and about how the files were read.
    symptoms
        Those of them that say why rows are not complete.
    absent
        The record for the model without the gas column, if it is another one; see :attr:`without_gas`.
    """

    station: Station
    values: Floats
    held: Mask
    segments: tuple[Span, ...]
    parts: tuple[Span, ...]
    files: tuple[str, ...]
    sha256: str
    restarts: tuple[int, ...]
    time: Floats | None
    places: Indices
    sent: int
    cadence: float | None
    file_starts: tuple[int, ...] = ()
    dropped: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    absent: Record | None = None

    @classmethod
    def from_values(
        cls,
        values: Floats,
        station: Station,
        segments: Sequence[Span] | None = None,
        *,
        held: Mask | None = None,
        restarts: Sequence[int] = (),
    ) -> Record:
        """Make a record from rows in memory [N, F].

        Raises
        ------
        RecordError
            The number of columns is not the station's, or a value is not finite.
        """
        values = np.array(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != station.size:
            raise RecordError(f"got an array of shape {values.shape}, expected [N, {station.size}]")
        if not np.isfinite(values).all():
            raise RecordError("got values that are missing or infinite, expected complete rows; drop them first")
        whole = (0, len(values))
        return cls(
            station=station,
            values=values,
            held=np.zeros(values.shape, dtype=np.bool_) if held is None else held,
            segments=tuple(segments) if segments is not None else (whole,),
            parts=(whole,),
            files=(),
            sha256=hashlib.sha256(values.astype("<f8").tobytes()).hexdigest(),
            restarts=tuple(restarts),
            time=None,
            places=np.arange(len(values)),
            sent=len(values),
            cadence=station.cadence,
        )

    @cached_property
    def intact(self) -> Mask:
        """Rows [N] without a held cell: those that scores are calibrated and judged by."""
        return np.asarray(~self.held.any(axis=1))

    def intact_rows(self, rows: Indices) -> Indices:
        """Return those of some rows that are :attr:`intact`, in their order."""
        return rows[self.intact[rows]]

    @property
    def stretches(self) -> tuple[Span, ...]:
        """``(start, end)`` of rows that follow one another: segments, cut at the restarts."""
        begins = sorted({*(start for start, _ in self.segments), *self.restarts, len(self.values)})
        return tuple(pairwise(begins))

    @property
    def complete(self) -> Record:
        """The rows without a held cell alone, for what has no memory; a row left out ends a segment."""
        if self.intact.all():
            return self
        return replace(self, segments=self.stretches, restarts=()).take(np.flatnonzero(self.intact))

    def take(self, rows: Indices) -> Record:
        """Return a record of some rows [M], in ascending order; one left out ends a segment."""
        begins = (np.diff(rows) != 1) | np.isin(rows[1:], [start for start, _ in self.segments])
        segments = tuple(pairwise([0, *(np.flatnonzero(begins) + 1).tolist(), len(rows)]))
        starts = {start for start, _ in segments}
        restarts = np.flatnonzero(np.isin(rows, self.restarts)).tolist()
        edges = [np.searchsorted(rows, part).tolist() for part in self.parts]
        return replace(
            self,
            values=self.values[rows],
            held=self.held[rows],
            segments=segments,
            parts=tuple((start, end) for start, end in edges if end > start),
            restarts=tuple(row for row in restarts if row not in starts),
            time=None if self.time is None else self.time[rows],
            places=self.places[rows],
            absent=None,
        )

    @property
    def without_gas(self) -> Record:
        """The rows for the model without the gas column, those that lack only the gas among them.

        A missing gas level is no fault there, so it is not held; it is nan, and so is one outside its physical range.
        """
        return self if self.absent is None else self.absent

    def rows_without_gas(self, rows: Indices) -> Indices:
        """Return the rows of :attr:`without_gas` that are among ``rows`` of this record, or between them.

        A row that is not in this record belongs to the one before it, or to the first.
        """
        if self.absent is None:
            return rows
        owner = np.searchsorted(self.places, self.absent.places, side="right") - 1
        return np.flatnonzero(np.isin(np.maximum(owner, 0), rows))


def load_record(
    files: Sequence[str | Path], station: Station, *, days: bool = False, progress: TextIO | None = None
) -> Record:
    """Read files into one record, as a gateway would read their rows.

    A cell that is missing, or outside the station's physical range, holds the last good value of its channel for at
    most 12 rows. Rows that cannot be filled are left out. What cuts a gateway's memory cuts the record, see
    :func:`trainer.data.filled_rows.fill_rows`; a file begins a segment, unless it overlaps with the one before. A row
    that is there twice counts once. The progress bar of a long CSV is drawn on ``progress``.

    Raises
    ------
    RecordError
        A file cannot be read as this station's readings, two files have the same content, or no complete row is left.
    """
    found = read_files(files, station, days=days, progress=progress)
    if not found.files:
        found.raise_faults()
    sent = SentRows([file.table for file in found.files], [file.continues for file in found.files], station)
    absent, whole = sent.fill()
    usable = whole if absent is None else absent
    intact = np.zeros(len(sent.flags), dtype=np.bool_)
    intact[usable.rows] = ~usable.held.any(axis=1)
    sentences = list(found.sentences)
    faults: dict[int, str] = {}
    digest = hashlib.sha256()
    for file, (start, end) in zip(found.files, sent.spans, strict=True):
        digest.update(file.data)
        held = list(sent.sentences(file.table, (start, end), whole.rows, file.numbered))
        sentences += [f"{file.table.file}: {sentence}" for sentence in held]
        if not intact[start:end].any():
            reasons = [*file.sentences, *held, *file.symptoms]
            faults[file.place] = f"{file.path}: no complete row is left; {'; '.join(reasons)}"
    found.raise_faults(faults)
    if not (~whole.held.any(axis=1)).any():
        names = ", ".join(file.table.file for file in found.files)
        raise RecordError(
            f"{names}: no row has {quoted(station.names[station.gas_index or 0])} beside every other column; "
            f"fix: leave the column out of the station file, or add a file that has it; {'; '.join(sentences)}"
        )

    def record(rows: FilledRows, other: Record | None) -> Record:
        return Record(
            station=station,
            values=rows.values,
            held=rows.held,
            segments=rows.segments,
            parts=sent.parts(rows.rows),
            files=tuple(file.table.file for file in found.files),
            sha256=digest.hexdigest(),
            restarts=rows.restarts,
            time=None if sent.time is None else sent.time[rows.rows],
            places=rows.rows,
            sent=len(sent.flags),
            cadence=rows.cadence,
            file_starts=tuple(start for start, _ in sent.spans),
            dropped=tuple(sentences),
            symptoms=tuple(f"{file.table.file}: {symptom}" for file in found.files for symptom in file.symptoms),
            absent=other,
        )

    return record(whole, None if absent is None else record(absent, None))
