"""Scores the files of one station of a folder, in the order of their days, and writes a Parquet file for each."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from config.settings.station import Station
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.bundles.file_station import file_station
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable
from edge.scoring.score_table import SCORE_COLUMNS
from edge.scoring.score_tally import ScoreTally
from edge.scoring.scorer import Scorer
from edge.scoring.table_scorer import TableScorer
from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.units_guard import UnitsGuard
from trainer.data.parquet import read_parquet

_TEXTS = {"file", "culprit", "state", "alarm", "unit"}
_LEVELS = {"virtual", "virtual_ppb"}  # numbers, or "over range"


def score_station(arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Score a station's files one after the other: the memory goes on from each to the next.

    Parameters
    ----------
    arguments
        ``bundle``; ``station`` (a station file, or null); ``folder``; ``files`` (path below it, and path below the
        output, in order); ``output`` (the folder that is replaced whole once all is scored); ``request``, ``absent``,
        ``adapt``, ``enhancement`` and ``limit`` as of ``davylamp score``.

    Returns
    -------
    tuple
        Figures for the table, and the paths of what was written.

    Raises
    ------
    DavylampError
        The bundle or a file cannot be used.
    """
    bundle = Bundle.open(arguments["bundle"])
    absent, request = arguments["absent"], arguments["request"]
    scorer = Scorer(
        bundle,
        absent=absent,
        exceedances_per_1000=None if request is None else 1000 * request,
        enhancement=arguments["enhancement"],
        limit=arguments["limit"],
        adapt=arguments["adapt"],
    )
    bundle.verify()
    described = file_station(bundle, arguments["station"])
    guard = UnitsGuard(TrainedRanges(bundle.scoring(absent=bool(absent)), bundle.station))
    tables = TableScorer(scorer, guard, ScoreTally(None), follows=True)
    output = Path(arguments["output"])
    output.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="_new-", dir=output.parent))
    rows = scored = 0
    exceeding: Counter[str] = Counter()
    names: list[Path] = []
    try:
        for name, written in arguments["files"]:
            table = _read(Path(arguments["folder"]) / name, described, absent)
            frame = _frame(list(tables.rows(table, name)), table.time)
            target = scratch / "new" / written
            target.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(target, index=False)
            names.append(target.relative_to(scratch / "new"))
            rows += len(frame)
            scored += int(frame["consistency"].notna().sum())
            for alarm, count in frame["alarm"].value_counts().items():
                exceeding.update(dict.fromkeys(filter(None, str(alarm).split("+")), int(count)))
        _put_in_place(scratch, output)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    shares = {kind: exceeding[kind] / scored if scored else None for kind in ("consistency", "reconstruction")}
    result = {"bundle": bundle.id, "files": len(names), "rows": rows, "scored": scored, **shares}
    return result, [str(output / name) for name in names]


def _read(path: Path, station: Station, absent: list[str]) -> CsvTable:
    if path.suffix.lower() == ".csv":
        return read_table(path, station, absent=absent)
    sent = [i for i, feature in enumerate(station.features) if feature.key not in absent]
    table = read_parquet(path, msgspec.structs.replace(station, features=tuple(station.features[i] for i in sent)))
    values = np.full((len(table.values), station.size), np.nan)
    values[:, sent] = table.values
    return replace(table, names=station.names, values=values, header_line=0)  # its rows are counted from 1


def _frame(rows: list[Any], time: Floats | None) -> pd.DataFrame:
    """Make the table of a file [N]; a text stands nowhere among numbers."""
    columns = dict(zip(SCORE_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    frame = pd.DataFrame(index=range(len(rows)))
    if time is not None:
        frame["time"] = pd.to_datetime(np.round(time * 1e3).astype("int64"), unit="ms", utc=True)
    for name in SCORE_COLUMNS:
        cells = columns.get(name, ())
        if name in _TEXTS:
            frame[name] = pd.Series([cell or "" for cell in cells], dtype="str")
        elif name in _LEVELS:
            frame[name] = np.array([cell if isinstance(cell, float) else np.nan for cell in cells], dtype=np.float64)
        elif name in ("row", "flag"):
            frame[name] = np.array(cells, dtype=np.int64)
        else:
            frame[name] = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    # A level beyond what was trained on is no number: which side it is on has a column of its own.
    sides = [cell if isinstance(cell, str) else "" for cell in columns.get("virtual", ())]
    frame["virtual_range"] = pd.Series(sides, dtype="str")
    return frame


def _put_in_place(scratch: Path, output: Path) -> None:
    """Replace the folder of a station's scores by the new one."""
    if output.exists():
        output.replace(scratch / "old")
    (scratch / "new").replace(output)
