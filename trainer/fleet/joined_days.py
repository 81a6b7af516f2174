"""Joins the Parquet files of a station, which are parts of one record, as a day each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from config.fleet_members import folder_files
from trainer.errors import RecordError


def join_days(paths: Sequence[Path], scratch: Path) -> list[Path]:
    """Return the files to train on: CSV files as they are, each a segment, and one with the rows of all Parquet files.

    A file of a day begins where the one before ends, so that no memory is cut at midnight.

    Parameters
    ----------
    paths
        Files, and folders of files.
    scratch
        Folder for the joined file.

    Raises
    ------
    RecordError
        A Parquet file is damaged, or a folder has no file.
    """
    files: list[Path] = []
    for path in paths:
        found = folder_files(path) if path.is_dir() else [path]
        if not found:
            raise RecordError(f"{path}: got a folder without CSV and Parquet files, expected some; check the path")
        files += found
    parts = [file for file in files if file.suffix.lower() == ".parquet"]
    if len(parts) < 2:
        return files
    joined = scratch / f"{len(parts)}-files.parquet"
    pd.concat([_frame(part) for part in parts], ignore_index=True).to_parquet(joined)
    return [*(file for file in files if file not in set(parts)), joined]


def _frame(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, partitioning=None)  # the names of folders are no columns
    except FileNotFoundError:
        raise RecordError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecordError(f"{path}: got a damaged Parquet file ({first}); copy it again") from error
    if any(name is not None for name in frame.index.names) or isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index()  # the time is often the index
    return frame
