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
from edge.errors import TableError
from edge.readings.csv.header import quoted
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable
from edge.readings.gaps import split_at_gaps
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
        ``(start, end)`` of the rows of each file.
    files
        Names of the files, without their folders.
    sha256
        Hash of the files' bytes, one after the other.
    dropped
        Sentences about the rows that were left out.
    """

    station: Station
    values: Floats
    segments: tuple[Span, ...]
    parts: tuple[Span, ...]
    files: tuple[str, ...]
    sha256: str
    dropped: tuple[str, ...] = ()

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
    does a gap in time longer than three cadences.

    Raises
    ------
    RecordError
        A file cannot be read as this station's readings, two files have the same content, or no complete row is left.
    """
    if not files:
        raise RecordError("got no files, expected at least one CSV or Parquet file")
    whole = hashlib.sha256()
    faults: list[str] = []
    pieces: list[Floats] = []
    segments: list[Span] = []
    parts: list[Span] = []
    dropped: list[str] = []
    seen: dict[str, Path] = {}
    start = 0
    for path in map(Path, files):
        try:
            data = path.read_bytes()
            table, numbered = _read(path, data, station)
        except OSError as error:
            faults.append(f"{path}: {error.strerror or error}; expected a CSV or Parquet file that can be read")
            continue
        except (TableError, RecordError) as error:
            faults.append(str(error))
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            faults.append(f"{path}: got the same content as {seen[digest]}, expected each file once; leave one out")
            continue
        seen[digest] = path
        whole.update(data)
        keep, sentences = _complete(table, station, numbered)
        dropped += [f"{table.file}: {sentence}" for sentence in sentences]
        if not keep.any():
            faults.append(f"{path}: no complete row is left; {'; '.join(sentences)}")
            continue
        spans = _segments(table, keep, station.cadence)
        segments += [(start + first, start + last) for first, last in spans]
        pieces.append(table.values[keep])
        parts.append((start, start + len(pieces[-1])))
        start = parts[-1][1]
    if faults:
        raise RecordError("\n".join(faults))
    return Record(
        station=station,
        values=np.concatenate(pieces),
        segments=tuple(segments),
        parts=tuple(parts),
        files=tuple(Path(path).name for path in files),
        sha256=whole.hexdigest(),
        dropped=tuple(dropped),
    )


def _read(path: Path, data: bytes, station: Station) -> tuple[CsvTable, str]:
    """Read a file by its content, whatever its name; also return what its rows are numbered by."""
    if data.startswith(b"PAR1"):
        from trainer.data.parquet import read_parquet  # pandas is slow to import, and few records are Parquet

        return read_parquet(path, station), "row"
    return read_table(path, station), "line"


def _complete(table: CsvTable, station: Station, numbered: str) -> tuple[Mask, list[str]]:
    """Return which rows to keep [N], and sentences about those that are dropped."""

    def sentence(count: int, reason: str, first: int) -> str:
        return f"{count} row{'s' if count > 1 else ''} dropped: {reason} (first at {numbered} {first})"

    sentences = [sentence(drop.count, drop.reason, drop.first_line) for drop in table.dropped]
    missing = np.isnan(table.values)
    low, high = np.array([feature.range for feature in station.features]).T
    outside = ((table.values < low) | (table.values > high)) & ~missing.any(axis=1, keepdims=True)
    for what, cells in (("a missing value", missing), ("outside the physical range", outside)):
        rows = cells.any(axis=1)
        if rows.any():
            counts = [f"{quoted(name)} {n}" for name, n in zip(table.names, cells.sum(axis=0), strict=True) if n]
            reason = f"{what} ({', '.join(counts)})"
            sentences.append(sentence(int(rows.sum()), reason, int(table.lines[np.argmax(rows)])))
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
