"""Reads one or many CSV or Parquet files into the record that a training uses."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Mask
from edge.readings.csv.header import quoted
from edge.readings.csv.table import CsvTable, Dropped
from edge.readings.gaps import split_at_gaps
from trainer.data.tables import read_files
from trainer.errors import RecordError

Span = tuple[int, int]


@dataclass(frozen=True)
class Record:
    """Complete rows of a station.

    Parameters
    ----------
    station
        What the columns are.
    values
        Readings [N, F] in the station's units, without nan.
    segments
        ``(start, end)`` of rows that follow one another in time; no memory is carried from one to the next.
    parts
        ``(start, end)`` of the rows of each file; files that overlapped are one part.
    files
        Names of the files, without their folders.
    sha256
        Hash of the files' bytes, one after the other.
    dropped
        Sentences about the rows that were left out, and about how the files were read.
    symptoms
        Those of them that say why rows do not follow one another.
    """

    station: Station
    values: Floats
    segments: tuple[Span, ...]
    parts: tuple[Span, ...]
    files: tuple[str, ...]
    sha256: str
    dropped: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()

    @classmethod
    def from_values(cls, values: Floats, station: Station, segments: Sequence[Span] | None = None) -> Record:
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
            segments=tuple(segments) if segments is not None else (whole,),
            parts=(whole,),
            files=(),
            sha256=hashlib.sha256(values.astype("<f8").tobytes()).hexdigest(),
        )


def load_record(files: Sequence[str | Path], station: Station) -> Record:
    """Read files into one record; each file makes at least one segment.

    Rows with a missing value, or with a value outside the station's physical range, are dropped and end a segment, as
    does a gap in time longer than three cadences. A row that is there twice counts once.

    Raises
    ------
    RecordError
        A file cannot be read as this station's readings, two files have the same content, or no complete row is left.
    """
    found = read_files(files, station)
    faults: dict[int, str] = {}
    pieces: list[Floats] = []
    segments: list[Span] = []
    parts: list[Span] = []
    sentences: list[str] = list(found.sentences)
    whole = hashlib.sha256()
    start, last_kept = 0, False
    for file in found.files:
        whole.update(file.data)
        keep, incomplete = _complete(file.table, station, file.numbered)
        sentences += [f"{file.table.file}: {sentence}" for sentence in incomplete]
        if not keep.any():
            reasons = [*file.sentences, *incomplete, *file.symptoms]
            faults[file.place] = f"{file.path}: no complete row is left; {'; '.join(reasons)}"
            continue
        spans = [(start + first, start + last) for first, last in _segments(file.table, keep, station.cadence)]
        pieces.append(file.table.values[keep])
        part = (start, start + len(pieces[-1]))
        if file.continues and parts:
            # Exports that overlapped are one record: a border between them would have no embargo.
            part = (parts.pop()[0], part[1])
            if last_kept and keep[0]:
                spans[0] = (segments.pop()[0], spans[0][1])
        last_kept = bool(keep[-1])
        segments += spans
        parts.append(part)
        start = part[1]
    found.raise_faults(faults)
    return Record(
        station=station,
        values=np.concatenate(pieces),
        segments=tuple(segments),
        parts=tuple(parts),
        files=tuple(file.table.file for file in found.files),
        sha256=whole.hexdigest(),
        dropped=tuple(sentences),
        symptoms=tuple(f"{file.table.file}: {symptom}" for file in found.files for symptom in file.symptoms),
    )


def _complete(table: CsvTable, station: Station, numbered: str) -> tuple[Mask, list[str]]:
    """Return which rows to keep [N], and sentences about those that are dropped."""
    sentences = []
    missing = np.isnan(table.values)
    low, high = np.array([feature.range for feature in station.features]).T
    outside = ((table.values < low) | (table.values > high)) & ~missing.any(axis=1, keepdims=True)
    for what, cells in (("a missing value", missing), ("outside the physical range", outside)):
        rows = cells.any(axis=1)
        if rows.any():
            counts = [f"{quoted(name)} {n}" for name, n in zip(table.names, cells.sum(axis=0), strict=True) if n]
            reason = f"{what} ({', '.join(counts)})"
            dropped = Dropped(reason, int(rows.sum()), int(table.lines[np.argmax(rows)]))
            sentences.append(dropped.sentence(numbered))
    return ~(missing | outside).any(axis=1), sentences


def _segments(table: CsvTable, keep: Mask, cadence: float | None) -> list[Span]:
    """Cut at gaps in time and at dropped rows; the spans count the rows kept."""
    rows = len(keep)
    cut = np.zeros(rows + 1, dtype=bool)  # cut[i]: between rows i - 1 and i
    cut[[0, rows]] = True
    cut[list(table.breaks)] = True
    if table.time is not None:
        cut[[start for start, _ in split_at_gaps(table.time, cadence)]] = True
    # A kept row begins a segment if a cut or a dropped row lies between it and the previous kept row.
    group = np.cumsum(cut[:-1]) + np.cumsum(~keep)
    kept = group[keep]
    edges = [0, *(np.flatnonzero(np.diff(kept)) + 1).tolist(), len(kept)]
    return list(itertools.pairwise(edges))
