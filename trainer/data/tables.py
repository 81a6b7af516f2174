"""Reads the files of a station as tables, each row once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import msgspec
import numpy as np

from config.settings.station import Station
from edge.arrays import Indices, Texts
from edge.errors import EmptyTableError, TableError
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable
from edge.readings.csv.time_order import cadence_disagreement
from edge.readings.gaps import MOST_CADENCES, median_interval
from trainer.data.joined_tables import join_tables
from trainer.data.phase import move_bar, phase
from trainer.data.repeated_rows import RepeatedRows, find_repeated_rows
from trainer.data.symptoms import symptoms
from trainer.errors import RecordError

_ALL = 0.9  # share of the steps that are gaps, from which the cadence is wrong rather than the record


@dataclass(frozen=True)
class StationFile:
    """The rows of one file that no file before it has.

    Parameters
    ----------
    place
        Its place in the order given.
    path
        The file.
    table
        Its rows.
    data
        The file's bytes.
    numbered
        What its rows are numbered by: line, or row in a Parquet file.
    sentences
        What its owner should read, without the file's name.
    symptoms
        Why its rows do not follow one another, without the file's name.
    continues
        Whether its first row follows the last one of the file before: the two overlapped.
    """

    place: int
    path: Path
    table: CsvTable
    data: bytes
    numbered: str
    sentences: tuple[str, ...]
    symptoms: tuple[str, ...]
    continues: bool = False


@dataclass(frozen=True)
class StationFiles:
    """What reading files gives.

    Parameters
    ----------
    files
        The files that have rows of their own, in the order given; those that overlap in the order of their rows.
    sentences
        What their owner should read about all of them, each with the file's name.
    faults
        Why files cannot be used, by their place in the order given.
    """

    files: tuple[StationFile, ...]
    sentences: tuple[str, ...]
    faults: dict[int, str]

    def raise_faults(self, others: Mapping[int, str] | None = None) -> None:
        """Raise the faults, if there are any, those of ``others`` with them.

        Raises
        ------
        RecordError
            One line or more for each file that cannot be used.
        """
        faults = {**self.faults, **(others or {})}
        if faults:
            raise RecordError("\n".join(text for _, text in sorted(faults.items())))


def read_files(
    files: Sequence[str | Path],
    station: Station,
    *,
    every_row: bool = False,
    days: bool = False,
    progress: TextIO | None = None,
) -> StationFiles:
    """Read files; a row that is there twice is kept where it comes first.

    Parameters
    ----------
    files
        CSV or Parquet files.
    station
        What their columns are.
    every_row
        Whether rows that are there twice are only reported.
    days
        Whether the Parquet files are parts of one record, as a file of each day is: their rows follow on one another in
        the order of their times, and some may be empty, copies, or lack columns.
    progress
        Where the progress bar of a long CSV is drawn; ``None`` draws none.

    Raises
    ------
    RecordError
        There are no files.
    """
    if not files:
        raise RecordError("got no files, expected at least one CSV or Parquet file")
    faults: dict[int, str] = {}
    found: list[StationFile] = []
    seen: dict[str, Path] = {}
    empty: dict[int, str] = {}
    copies: list[str] = []
    for place, path in enumerate(map(Path, files)):
        try:
            data = path.read_bytes()
            table, numbered = _read(path, data, station, progress, days=days)
        except OSError as error:
            faults[place] = f"{path}: {error.strerror or error}; expected a CSV or Parquet file that can be read"
            continue
        except (TableError, RecordError) as error:
            if days and isinstance(error, EmptyTableError):
                empty[place] = str(error)
            else:
                faults[place] = str(error)
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen and days:
            copies.append(f"{path.name}: the same content as {seen[digest]}, counted once")
            continue
        if digest in seen:
            faults[place] = f"{path}: got the same content as {seen[digest]}, expected each file once; leave one out"
            continue
        seen[digest] = path
        sentences = (*(drop.sentence(numbered) for drop in table.dropped), *table.notes)
        file = StationFile(place, path, table, data, numbered, sentences, ())
        found.append(file)
    if not found:
        faults |= empty
    if days:
        found = _join_days(found, station)
    faults |= {file.place: fault for file in found if (fault := _cadence_fault(file, station))}
    found = [file for file in found if file.place not in faults]
    repeated = find_repeated_rows([file.table for file in found]) if found else None
    if repeated is not None and not every_row and (order := repeated.order()) != tuple(range(len(found))):
        found = [found[i] for i in order]  # so that what follows on is one part, on one side of a border
        repeated = find_repeated_rows([file.table for file in found])
    if repeated is not None and not every_row:
        found = _with_labels(found, repeated)
    once = [_once(found, i, repeated, every_row) for i in range(len(found))] if repeated else []
    return StationFiles(
        files=tuple(file for file in once if len(file.table.values)),
        sentences=(
            *(f"{file.table.file}: {each}" for file in once for each in (*file.sentences, *file.symptoms)),
            *(sentence for _, sentence in sorted(empty.items())),
            *copies,
        ),
        faults=faults,
    )


def _read(path: Path, data: bytes, station: Station, progress: TextIO | None, *, days: bool) -> tuple[CsvTable, str]:
    """Read a file by its content, whatever its name; also return what its rows are numbered by."""
    if data.startswith(b"PAR1"):
        from trainer.data.parquet import read_parquet  # pandas is slow to import, and few records are Parquet

        # How far apart the rows of a day are is seen when all of its files have been joined.
        described = msgspec.structs.replace(station, cadence=None) if days else station
        return read_parquet(path, described, partial=days), "row"
    with phase(f"reading {path.name}", data.count(b"\n"), progress):
        return read_table(path, station, watch=move_bar), "line"


def _join_days(files: Sequence[StationFile], station: Station) -> list[StationFile]:
    """Make one file of the Parquet files."""
    parts = [file for file in files if file.numbered == "row"]
    if not parts:
        return list(files)
    name = f"{len(parts)}-files.parquet" if len(parts) > 1 else parts[0].table.file
    table = join_tables([file.table for file in parts], name).table
    table = replace(table, lines=np.arange(1, len(table.values) + 1), header_line=1)
    shared = len(os.path.commonpath([file.path.absolute().parent for file in parts])) + 1
    sentences = [f"{str(file.path.absolute())[shared:]}: {each}" for file in parts for each in file.sentences]
    if table.time is not None and (note := cadence_disagreement(table.time, station.cadence)):
        sentences.append(note)
    data = b"".join(file.data for file in parts)
    joined = StationFile(parts[0].place, parts[0].path, table, data, "row", tuple(sentences), ())
    return [*(file for file in files if file.numbered != "row"), joined]


def _cadence_fault(file: StationFile, station: Station) -> str | None:
    """Refuse a file of which every row would count as a gap."""
    time, cadence = file.table.time, station.cadence
    if time is None or cadence is None or len(time) < 3:
        return None
    steps = np.diff(time)
    gaps = np.count_nonzero(steps > MOST_CADENCES * cadence)
    own = median_interval(time)
    if own is None or gaps < _ALL * np.count_nonzero(steps):
        return None
    return (
        f"{file.path}: got rows {own:g} s apart, and the station file states cadence: {cadence:g}, so that every row "
        f"counts as a gap; write cadence: {own:g}, or null to learn it"
    )


def _with_labels(files: Sequence[StationFile], repeated: RepeatedRows) -> list[StationFile]:
    """Give a row that is there twice the label that it has in the file given last: people label what came before."""
    if all(file.table.labels is None for file in files):
        return list(files)
    labels: list[Texts] = [
        np.full(len(file.table.values), "") if file.table.labels is None else file.table.labels for file in files
    ]
    joined = np.concatenate(labels)
    for i in sorted(range(len(files)), key=lambda i: files[i].place):
        said = np.flatnonzero(labels[i] != "")
        joined[repeated.first[i][said]] = labels[i][said]
    own = np.split(joined, repeated.starts[1:])
    return [replace(file, table=replace(file.table, labels=each)) for file, each in zip(files, own, strict=True)]


def _once(files: Sequence[StationFile], i: int, repeated: RepeatedRows, every_row: bool) -> StationFile:
    """Return a file without the rows that were there before."""
    file = files[i]
    table = file.table
    new = repeated.new(i)
    if not new.all():
        row = int(np.argmin(new))
        other, line = repeated.place(int(repeated.first[i][row]))
        source = "" if other == i else f" of {files[other].table.file}"
        count = int((~new).sum())
        rows = "rows" if count > 1 else "row"
        where = f"{file.numbered} {table.lines[row]}, the same as {files[other].numbered} "
        where += f"{files[other].table.lines[line]}{source}"
        if every_row:
            sentence = f"{count} {rows} there twice, which a training counts once (first at {where})"
        else:
            sentence = f"{count} {rows} dropped: there twice, counted once (first at {where})"
            file = replace(file, table=_filtered(table, repeated, i), continues=repeated.continues(i))
        file = replace(file, sentences=(*file.sentences, sentence))
    return replace(file, symptoms=tuple(symptoms(file.table)))


def _filtered(table: CsvTable, repeated: RepeatedRows, i: int) -> CsvTable:
    new = repeated.new(i)
    kept: Indices = np.cumsum(new) - new  # the number of rows kept before each row
    moved = {int(kept[row]) for row in table.breaks if row < len(new)}
    if table.time is None:
        moved |= set(repeated.breaks(i))
    return replace(
        table,
        values=table.values[new],
        time=None if table.time is None else table.time[new],
        lines=table.lines[new],
        labels=None if table.labels is None else table.labels[new],
        breaks=tuple(sorted(row for row in moved if 0 < row < new.sum())),
    )
