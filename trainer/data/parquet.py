"""Reads Parquet files as tables, and refuses what is refused in a CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from config.settings.station import Station
from edge.arrays import Floats
from edge.clock import parse_time
from edge.readings.csv.header import header_fault, quoted
from edge.readings.csv.table import CsvTable
from edge.readings.dialect import Dialect
from trainer.errors import RecordError


def read_parquet(path: Path, station: Station) -> CsvTable:
    """Read a station's readings from a Parquet file; its rows are numbered from 1, in place of a CSV's lines.

    Raises
    ------
    RecordError
        The file is damaged, a column is missing or does not hold numbers, or a time cannot be read.
    """
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise RecordError(f"{path}: got a damaged Parquet file ({_first_line(error)}); copy it again") from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()  # the time is often the index
    wanted = [*station.names, station.time] if station.time else list(station.names)
    fault = header_fault([str(name).strip() for name in frame.columns], wanted)
    if fault is not None:
        raise RecordError(f"{path}: {fault}")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if not len(frame):
        raise RecordError(f"{path}: got columns and no rows, expected readings; is it the right file?")
    faults: list[str] = []
    values = np.column_stack([_numbers(frame[name], faults) for name in station.names])
    for j, sentinels in enumerate(Dialect(station).numbers):
        values[np.isin(values[:, j], list(sentinels)), j] = np.nan
    time = _times(frame[station.time], faults) if station.time else None
    if faults:
        raise RecordError("\n".join(f"{path}: {fault}" for fault in faults))
    return CsvTable(
        file=path.name,
        names=station.names,
        values=values,
        time=time,
        lines=np.arange(1, len(frame) + 1, dtype=np.int64),
    )


def _numbers(column: pd.Series, faults: list[str]) -> Floats:
    place = f"column {quoted(str(column.name))}"
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        faults.append(f"{place}: got {column.dtype}, expected numbers; convert the column")
        return np.full(len(column), np.nan)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        faults.append(f"row {infinite[0] + 1}, {place}: got {values[infinite[0]]}, expected a finite number")
    return np.array(values)


def _times(column: pd.Series, faults: list[str]) -> Floats:
    """Convert dates (UTC if they name no zone), RFC 3339 texts or Unix seconds to Unix seconds."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = pd.to_datetime(column, utc=True)
        values = np.array((column - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
    else:
        values = np.full(len(column), np.nan)
        for i, cell in enumerate(column):
            try:
                values[i] = parse_time(cell)
            except (TypeError, ValueError):
                break  # the first such row is reported below
    lost = np.flatnonzero(~np.isfinite(values))
    if len(lost):
        got = quoted(str(column.iloc[lost[0]]))
        wanted = "expected a date, RFC 3339 text or Unix seconds; mend the row"
        faults.append(f"row {lost[0] + 1}, column {quoted(str(column.name))}: got {got}, {wanted}")
    return values


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
