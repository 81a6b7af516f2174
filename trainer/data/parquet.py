"""Reads Parquet files as tables, and refuses what is refused in a CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from config.settings.station import Station
from edge.arrays import Floats, Indices, Mask
from edge.errors import EmptyTableError
from edge.readings.csv.bad_rows import BadRows
from edge.readings.csv.collected_columns import LABEL, read_labels
from edge.readings.csv.header import header_fault, quoted
from edge.readings.csv.layout import match_names
from edge.readings.csv.numbers import NumberColumns
from edge.readings.csv.table import CsvTable, Dropped
from edge.readings.csv.time_order import in_time_order
from edge.readings.csv.times import TimeColumns
from edge.readings.csv.unnamed_time import UnnamedTime, find_clock
from edge.readings.decoding.dialect import Dialect
from trainer.data.joined_tables import sort_jumbled
from trainer.errors import RecordError

_SAMPLE = 50  # rows among which a time column is looked for that the station file does not name


def read_parquet(path: Path, station: Station, *, partial: bool = False) -> CsvTable:
    """Read a station's readings from a Parquet file; its rows are numbered from 1, in place of a CSV's lines.

    Numbers may be of any numeric type, decimals, or texts; the words for missing values are those of CSV files, and so
    is what makes a row or a file unreadable.

    Parameters
    ----------
    path
        The file.
    station
        What its columns are.
    partial
        Whether up to half of the station's columns may be missing, as where a record of many files changed its form.

    Raises
    ------
    RecordError
        The file is damaged, a column is missing or does not hold numbers.
    EmptyTableError
        There is no row.
    TableError
        Too many rows cannot be read.
    """
    frame, lacking = _frame(path, station, partial=partial)
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    reader = _Rows(path, station, lines)
    values = np.column_stack([reader.numbers(frame[name], j) for j, name in enumerate(station.names)])
    clock = find_clock(list(frame.columns), [_texts(frame[name].head(_SAMPLE)) for name in frame.columns])
    time = reader.times([frame[name] for name in station.time_columns], clock)
    keep, breaks = reader.settle()
    unnamed = UnnamedTime(list(frame.columns), station.names)
    if not station.time_columns:
        sample = frame.iloc[:: max(1, len(frame) // _SAMPLE)]
        unnamed.look([_texts(sample[name]) for name in frame.columns], range(len(sample)))
    labels, remarks = read_labels(_texts(frame[LABEL]), lines.tolist(), "row") if LABEL in frame.columns else (None, ())
    table = CsvTable(
        file=path.name,
        names=station.names,
        values=values[keep],
        time=None if time is None else time[keep],
        lines=lines[keep],
        dropped=reader.dropped,
        breaks=breaks,
        notes=(*lacking, *unnamed.notes, *reader.notes, *remarks),
        labels=None if labels is None else labels[keep],
    )
    return in_time_order(sort_jumbled(table), station.cadence, newest_first=unnamed.newest_first, numbered="row")


def _frame(path: Path, station: Station, *, partial: bool) -> tuple[pd.DataFrame, list[str]]:
    """Read a file as a table of the station's columns; also return sentences about those that it lacks."""
    wanted = [*station.names, *station.time_columns]
    try:
        frame = pd.read_parquet(path, partitioning=None)  # the names of folders are no columns
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise RecordError(f"{path}: got a damaged Parquet file ({_first_line(error)}); copy it again") from error
    if any(name is not None for name in frame.index.names) or isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index()  # the time is often the index
    names = list(match_names([str(name) for name in frame.columns], wanted))
    if not len(frame):
        raise EmptyTableError(f"{path}: got columns and no rows, expected readings; is it the right file?")
    missing = [name for name in station.names if name not in names]
    if not partial or 2 * len(missing) > station.size:
        missing = []
    fault = header_fault([*names, *missing], wanted)
    if fault is not None:
        raise RecordError(f"{path}: {fault}")
    frame.columns = pd.Index(names)
    frame = frame.loc[:, ~frame.columns.duplicated()].assign(**dict.fromkeys(missing, np.nan))
    return frame, [f"no column {quoted(name)}, whose values count as missing" for name in missing]


class _Rows:
    """Decodes the columns of one file, and collects the rows that cannot be read."""

    def __init__(self, path: Path, station: Station, lines: Indices) -> None:
        self._path = path
        self._lines = lines
        self._bad = BadRows(str(path), "row")
        self._numbers = NumberColumns(station, self._bad)
        self._times = TimeColumns(station, self._bad)
        self._zoned = station.timezone is not None
        self._sentinels = Dialect(station).numbers
        self._faults: dict[int, tuple[str, str, str]] = {}  # row -> column, sentence and reason of its first fault
        self._wrong: list[str] = []
        self.dropped: tuple[Dropped, ...] = ()
        self.notes: tuple[str, ...] = ()

    def numbers(self, column: pd.Series, j: int) -> Floats:
        """Decode a column [N]; nan for a missing value."""
        name = str(column.name)
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(column.dtype.categories.dtype)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = _numbers(column)
            values[~np.isfinite(values) | np.isin(values, list(self._sentinels[j]))] = np.nan
            return values
        texts = None if _no_text(column) else _texts(column)
        if texts is None:
            self._wrong.append(f"column {quoted(name)}: got {column.dtype}, expected numbers; convert the column")
            return np.full(len(column), np.nan)
        values, faults = self._numbers.decode(texts, self._lines.tolist(), j)
        for i, sentence in faults.items():
            self._faults.setdefault(i, (name, sentence, f"no number ({quoted(texts[i].strip())} in {quoted(name)})"))
        return values

    def times(self, columns: Sequence[pd.Series], clock: str | None) -> Floats | None:
        """Decode the time columns, if there are any: dates, texts or Unix times; a duration counts from 1970.

        ``clock`` is the name of a column of times of day, if there is one.
        """
        if not columns:
            return None
        name = str(columns[0].name)
        local = np.zeros(len(self._lines), dtype=bool)
        if len(columns) == 1 and pd.api.types.is_datetime64_any_dtype(columns[0]):
            local[:] = self._zoned and columns[0].dt.tz is None
            moments = pd.to_datetime(columns[0], utc=True)
            values = np.array((moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
        elif len(columns) == 1 and pd.api.types.is_timedelta64_dtype(columns[0]):
            values = np.array(columns[0].dt.total_seconds(), dtype=np.float64)
        else:
            texts = [_texts(column.dt.date if _is_date(column) else column) for column in columns]
            values, local, faults = self._times.decode(texts, self._lines.tolist())
            for i, sentence in faults.items():
                self._faults.setdefault(i, (name, sentence, f"no time ({quoted(texts[0][i].strip())})"))
        for i in np.flatnonzero(~np.isfinite(values)).tolist():
            got = quoted(str(columns[0].iloc[i]))
            sentence = f"got {got}, expected a date, RFC 3339 text or Unix seconds; mend the row"
            self._faults.setdefault(i, (name, sentence, f"no time ({got})"))
        return self._times.settle(values, local, clock if len(columns) == 1 else None)

    def settle(self) -> tuple[Mask, tuple[int, ...]]:
        """Return the rows to keep [N], and those of them before which others were left out.

        Raises
        ------
        RecordError
            A column holds no numbers at all.
        TableError
            Too many rows cannot be read.
        """
        if self._wrong:
            raise RecordError("\n".join(f"{self._path}: {fault}" for fault in self._wrong))
        keep = np.ones(len(self._lines), dtype=bool)
        for i, (name, sentence, reason) in sorted(self._faults.items()):
            self._bad.add(int(self._lines[i]), reason, sentence, name)
            keep[i] = False
        self._numbers.settle(len(self._lines))
        self.dropped = self._bad.settle(int(keep.sum()))
        self.notes = tuple(self._times.notes)
        return keep, tuple((np.flatnonzero(np.diff(np.cumsum(~keep)[keep])) + 1).tolist())


def _numbers(column: pd.Series) -> Floats:
    """Return a column of numbers [N]; in single precision with the decimals that were written: 21.3, not 21.299999."""
    if str(column.dtype).lower() != "float32":
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    singles = column.to_numpy(dtype=np.float32, na_value=np.nan)
    distinct, place = np.unique(singles, return_inverse=True)
    return np.asarray(distinct.astype("U32").astype(np.float64)[place])


def _is_date(column: pd.Series) -> bool:
    """Whether a column beside one of times of day holds dates."""
    return bool(pd.api.types.is_datetime64_any_dtype(column))


def _no_text(column: pd.Series) -> bool:
    """Whether a column holds what can be no text of a number: dates, durations, true and false."""
    return (
        pd.api.types.is_bool_dtype(column)
        or pd.api.types.is_datetime64_any_dtype(column)
        or pd.api.types.is_timedelta64_dtype(column)
        or any(isinstance(cell, bool | dt.date | list | dict | np.ndarray) for cell in column.head(_SAMPLE))
    )


def _texts(column: pd.Series) -> list[str]:
    """Return a column's cells as a CSV would hold them."""
    return [_text(cell) for cell in column]


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:  # noqa: PLR0124  # the quick test for nan
        return ""
    if isinstance(cell, np.generic):
        cell = cell.item()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
