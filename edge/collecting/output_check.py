"""Looks at where a collected file is to be written, before anything is fetched."""

from __future__ import annotations

from pathlib import Path

from config.file_fault import writing_fault
from edge.collecting.collected_file import alarms_path
from edge.errors import RequestError
from edge.readings.csv.collected_columns import LABEL

_HEAD = 1 << 16  # [B]: no header is longer
_OF_ALARMS = "closed_because"


def check_output(path: Path) -> None:
    """Check that a file can be written, and replaces nothing but one that was collected before.

    Raises
    ------
    RequestError
        It cannot, or it would.
    """
    if path.suffix.lower() != ".csv":
        raise RequestError(f"-o: got {path}, expected a name that ends in .csv, or a folder that there is")
    for each, column in ((path, LABEL), (alarms_path(path), _OF_ALARMS)):
        if (fault := writing_fault(each)) is not None:
            raise RequestError(f"-o: {each}: {fault}")
        if each.exists() and each.stat().st_size:
            with each.open("rb") as file:
                head = file.readline(_HEAD)
            if column.encode() not in head:
                raise RequestError(f"-o: {each} is there and was not collected; fix: another name, or move it away")
