"""Every row of files as it was recorded, missing readings included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from config.settings.station import Station
from edge.arrays import Floats, Indices
from edge.readings.csv.table import CsvTable
from edge.readings.gaps import median_interval, split_at_gaps
from trainer.data.record import Record, Span
from trainer.data.tables import read_files
from trainer.errors import RecordError

LEAST = 10
"""Least rows to explore."""
MOST = 50_000
"""Most rows for what is slow (densities, correlations): of longer records every 2nd, 3rd, ... row is used."""


@dataclass(frozen=True)
class RawRecord:
    """Rows of a station as they were recorded.

    Parameters
    ----------
    station
        Description of the columns.
    values
        Readings [N, F] in the station's units; nan: missing, or outside the physical range.
    outside
        Number of readings outside the physical range [F].
    time
        Unix time of the rows [s], [N]; ``None``: the station or the files have no time stamps.
    segments
        ``(start, end)`` of rows that follow one another in time.
    parts
        ``(start, end)`` of each file's rows.
    files
        Names of the files.
    sentences
        What the files' owner should read about them.
    """

    station: Station
    values: Floats
    outside: Indices
    time: Floats | None
    segments: tuple[Span, ...]
    parts: tuple[Span, ...]
    files: tuple[str, ...]
    sentences: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows N."""
        return len(self.values)

    @property
    def every(self) -> int:
        """Distance of the rows in ``thin``: 1 in a record of usual length."""
        return -(-self.rows // MOST)

    @cached_property
    def cadence(self) -> float | None:
        """Seconds between rows: of the station file, else the median of the time stamps; ``None``: unknown."""
        if self.station.cadence is not None or self.time is None:
            return self.station.cadence
        return median_interval(self.time)

    @cached_property
    def thin(self) -> Floats:
        """Evenly spaced rows, [M, F] with M at most 50,000, for what is slow."""
        return self.values[:: self.every]

    @property
    def complete(self) -> int:
        """Number of complete rows, which a training would keep."""
        return int(np.isfinite(self.values).all(axis=1).sum())

    @cached_property
    def gaps(self) -> tuple[tuple[int, float], ...]:
        """Row after each gap in time within a file, and the length of the gap [s]; the longest first."""
        if self.time is None:
            return ()
        firsts = {start for start, _ in self.parts}
        gaps = [(row, float(self.time[row] - self.time[row - 1])) for row, _ in self.segments if row not in firsts]
        return tuple(sorted(gaps, key=lambda gap: -gap[1]))

    @cached_property
    def filled(self) -> Record:
        """The same rows, missing readings interpolated linearly, for what only looks for changes of level."""
        values = np.zeros_like(self.values)
        rows = np.arange(self.rows)
        for j, column in enumerate(self.values.T):
            there = np.isfinite(column)
            if there.any():
                values[:, j] = np.interp(rows, rows[there], column[there])
        return Record.from_values(values, self.station, self.segments, held=np.isnan(self.values))


def read_raw_record(files: Sequence[str | Path], station: Station) -> RawRecord:
    """Read every row of files; each file is one segment or more.

    Raises
    ------
    RecordError
        A file cannot be read as this station's readings, or the files have fewer than 10 rows together.
    """
    found = read_files(files, station, every_row=True)
    found.raise_faults()
    tables = [file.table for file in found.files]
    values = np.concatenate([table.values for table in tables])
    if len(values) < LEAST:
        raise RecordError(
            f"{', '.join(str(path) for path in files)}: got {len(values)} row{'s' if len(values) > 1 else ''}, "
            f"expected at least {LEAST} to explore; give a longer record"
        )
    low, high = np.array([feature.range for feature in station.features]).T
    beyond = (values < low) | (values > high)
    values[beyond] = np.nan
    times = [table.time for table in tables if table.time is not None]
    edges = np.cumsum([0, *(len(table.values) for table in tables)]).tolist()
    return RawRecord(
        station=station,
        values=values,
        outside=beyond.sum(axis=0),
        time=np.concatenate(times) if len(times) == len(tables) else None,
        segments=tuple(
            (start + a, start + b)
            for start, table in zip(edges, tables, strict=False)
            for a, b in _segments(table, station.cadence)
        ),
        parts=tuple(pairwise(edges)),
        files=tuple(table.file for table in tables),
        sentences=found.sentences,
    )


def _segments(table: CsvTable, cadence: float | None) -> list[Span]:
    cuts = {0, len(table.values), *table.breaks}
    if table.time is not None:
        cuts |= {start for start, _ in split_at_gaps(table.time, cadence)}
    return list(pairwise(sorted(cuts)))
