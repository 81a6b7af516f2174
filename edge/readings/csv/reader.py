"""Reads a station's readings from CSV."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from config.settings.station import Station
from config.yaml.messages import did_you_mean
from edge.arrays import Floats, Indices, Mask
from edge.errors import EmptyTableError, TableError
from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.collected_columns import LABEL, read_labels
from edge.readings.csv.compression import decompress
from edge.readings.csv.encoding import to_utf8
from edge.readings.csv.header import quoted
from edge.readings.csv.layout import Layout, find_layout, has_header
from edge.readings.csv.numbers import NumberColumns
from edge.readings.csv.rows import CUT_OFF, Rows
from edge.readings.csv.table import CsvTable, Dropped
from edge.readings.csv.time_order import in_time_order
from edge.readings.csv.times import TimeColumns
from edge.readings.csv.unnamed_time import UnnamedTime, find_clock

__all__ = ["CsvTable", "Dropped", "read_table"]

_Array = TypeVar("_Array", Floats, Indices)

_LEAST_TO_COMPARE = 20  # rows, before a last number without a line end is called too short


def read_table(
    path: str | Path,
    station: Station,
    *,
    absent: Collection[str] = (),
    watch: Callable[[int], None] = lambda rows: None,
) -> CsvTable:
    """Read a station's readings from a CSV.

    Compression (gzip, zip, bzip2, xz), encoding (UTF-8, UTF-16, those of loggers and spreadsheets), separator (``;``,
    tab, ``,`` or ``|``), decimal comma, line ends, lines above the header, and blank rows and columns are detected;
    columns that the station does not name are ignored. Missing values are the words of every station and the
    station's own (:mod:`edge.readings.decoding.dialect`). Rows that cannot be read are left out and counted, up to 5 %
    of them. A file that is newest first is turned round.

    Parameters
    ----------
    path
        The file.
    station
        The station: its columns with their sentinels, its time columns, and how its files write numbers and times.
    absent
        Message keys of the columns to skip: nan in every row.
    watch
        Is called with the number of rows of each batch that has been taken, for a progress bar.

    Raises
    ------
    TableError
        The file cannot be read as this station's readings; one line for each of the first ten faults, with file, line
        and column.
    """
    for key in absent:
        if key not in station.keys:
            raise TableError(f"absent: got {quoted(key)}; {did_you_mean(key, station.keys)}")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}; expected a CSV that can be read") from error
    return _Reader(Path(path), station, absent, watch).read(data)


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, station: Station, absent: Collection[str], watch: Callable[[int], None]) -> None:
        self._path = path
        self._watch = watch
        self._station = station
        self._features = [(j, feature.name) for j, feature in enumerate(station.features) if feature.key not in absent]
        self._wanted = [name for _, name in self._features] + list(station.time_columns)
        self._bad = BadRows(str(path))
        self._numbers = NumberColumns(station, self._bad)
        self._times = TimeColumns(station, self._bad)
        self._begun = False

    def read(self, data: bytes) -> CsvTable:
        data, notes = decompress(data, str(self._path))
        data = to_utf8(data, str(self._path), lambda text: has_header(text, self._wanted))
        layout = find_layout(data, self._wanted, str(self._path))
        rows = Rows(data, layout, self._wanted, self._bad)
        unnamed = UnnamedTime(layout.names, self._wanted)
        labelled = layout.names.index(LABEL) if LABEL in layout.names else None
        labels: list[str] = []
        values: list[Floats] = []
        times: list[Floats] = []
        local: list[Mask] = []
        lines: list[Indices] = []
        good: list[Mask] = []
        clock: str | None = None
        for columns, where in rows.batches():
            self._watch(len(where))
            block, time, naive, fine = self._batch(columns, where, layout, rows)
            if len(self._station.time_columns) == 1:
                clock = clock or find_clock(layout.names, columns)
            elif not self._station.time_columns:
                unnamed.look(columns, np.flatnonzero(fine).tolist())
            values.append(block)
            times.append(time)
            local.append(naive)
            good.append(fine)
            if labelled is not None:  # empty cells at the end of every row may be missing
                labels += columns[labelled] if labelled < len(columns) else [""] * len(where)
            lines.append(np.array(where, dtype=np.int64))
        keep = np.concatenate(good) if good else np.zeros(0, dtype=bool)
        time = self._times.settle(np.concatenate(times), np.concatenate(local), clock) if times else np.zeros(0)
        self._numbers.settle(len(keep))
        dropped = self._bad.settle(int(keep.sum()))
        if not keep.any():
            raise EmptyTableError(
                f"{self._path}: got a header and no rows, expected readings below it; is it the right file?"
            )
        where = np.concatenate(lines).tolist() if labelled is not None else []
        said, remarks = read_labels(labels, where)
        table = CsvTable(
            file=self._path.name,
            names=self._station.names,
            values=_kept(values, keep),
            time=time[keep] if self._station.time_columns else None,
            lines=_kept(lines, keep),
            dropped=dropped,
            breaks=_breaks(keep, rows.cuts),
            header_line=layout.line,
            notes=(*notes, *rows.notes, *unnamed.notes, *self._times.notes, *remarks),
            labels=None if labelled is None else said[keep],
        )
        return in_time_order(table, self._station.cadence, newest_first=unnamed.newest_first)

    def _batch(
        self, columns: list[tuple[str, ...]], lines: list[int], layout: Layout, rows: Rows
    ) -> tuple[Floats, Floats, Mask, Mask]:
        """Decode some rows; returns their values and times, which times are local, and which rows are good."""
        values = np.full((len(lines), self._station.size), np.nan)
        faults: dict[int, tuple[str, str, str]] = {}  # row -> column, sentence and reason of its first fault
        for i in rows.remarks(columns[0]):
            faults[i] = "", "got a comment, expected a row", ""
        for j, name in self._features:
            cells = columns[layout.names.index(name)]
            values[:, j], found = self._numbers.decode(cells, lines, j)
            for i, sentence in found.items():
                faults.setdefault(i, (name, sentence, f"no number ({quoted(cells[i].strip())} in {quoted(name)})"))
        time, local = np.full(len(lines), np.nan), np.zeros(len(lines), dtype=bool)
        names = self._station.time_columns
        if names:
            texts = [columns[layout.names.index(name)] for name in names]
            time, local, found = self._times.decode(texts, lines)
            for i, sentence in found.items():
                faults.setdefault(i, (names[0], sentence, f"no time ({quoted(texts[0][i].strip())})"))
        self._cut_off(columns, lines, layout, rows, faults)
        good = np.ones(len(lines), dtype=bool)
        good[list(faults)] = False
        first = int(np.argmax(good)) if good.any() else len(good)
        for i in sorted(faults):
            column, sentence, reason = faults[i]
            row = [cells[i] for cells in columns]
            rows.reject(lines[i], row, sentence, column=column, reason=reason, begun=self._begun or i > first)
        self._begun = self._begun or bool(good.any())
        return values, time, local, good

    def _cut_off(
        self,
        columns: Sequence[Sequence[str]],
        lines: Sequence[int],
        layout: Layout,
        rows: Rows,
        faults: dict[int, tuple[str, str, str]],
    ) -> None:
        """Find a last row whose last number was cut off: it has no line end, and is shorter than all above it."""
        last = len(lines) - 1
        if rows.whole or last < _LEAST_TO_COMPARE or not rows.is_last(lines[last]) or last in faults:
            return
        if len(columns) < len(layout.names):  # a column at the end has gone since the header
            return
        cells = columns[len(layout.names) - 1]
        if layout.names[-1] in self._wanted and len(cells[last]) < min(map(len, cells[:last])):
            faults[last] = layout.names[-1], f"got {quoted(cells[last])}, which is cut off; mend the row", CUT_OFF


def _kept(parts: list[_Array], keep: Mask) -> _Array:
    """Put arrays together and keep some rows, without a copy if it is all of them."""
    whole: _Array = np.concatenate(parts)
    parts.clear()
    return whole if keep.all() else whole[keep]


def _breaks(keep: Mask, cuts: Sequence[int]) -> tuple[int, ...]:
    """Return the rows, counted over those kept, before which rows were left out."""
    cut = np.zeros(len(keep), dtype=bool)
    cut[list(cuts)] = True
    group = (np.cumsum(cut) + np.cumsum(~keep))[keep]
    found: Indices = np.flatnonzero(np.diff(group)) + 1
    return tuple(found.tolist())
