"""Scores the files of one station of a folder, in the order of their times, and writes a Parquet file for each."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from config.errors import DavylampError
from config.settings.station import Station
from edge.arrays import Floats
from edge.bundles.bundle import Bundle
from edge.bundles.file_station import file_station
from edge.errors import EmptyTableError
from edge.readings.csv.reader import read_table
from edge.readings.csv.table import CsvTable
from edge.readings.csv.time_order import cadence_disagreement
from edge.readings.csv.writer import CsvCell
from edge.scoring.file_scorer import file_scorer, unadapted_note
from edge.scoring.score_table import SCORE_COLUMNS
from edge.scoring.score_tally import ScoreTally
from edge.scoring.scorer import SCORED
from edge.scoring.table_scorer import TableScorer
from edge.scoring.trained_ranges import TrainedRanges
from edge.scoring.units_guard import UnitsGuard
from trainer.data.joined_tables import join_tables, time_groups
from trainer.data.parquet import read_parquet
from trainer.errors import RecordError

_TEXTS = {"file", "culprit", "state", "alarm", "unit"}
_LEVELS = {"virtual", "virtual_ppb"}  # numbers, or "over range"
_ROWS = 8192  # that become columns together: as Python's objects they take ten times the memory


class _StationTally(ScoreTally):
    """Keeps what is to be said of a station's files; how many rows have a score is in the table of all stations."""

    def __init__(self) -> None:
        super().__init__(None)

    def report(self, name: str, what: str) -> None:
        """Say nothing."""


def score_station(arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Score a station's files one after the other: the memory goes on from each to the next.

    Files follow on one another in the order of their times; the rows of those that overlap are sorted together.

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
    absent = arguments["absent"]
    scorer = file_scorer(
        bundle, absent=absent, **{key: arguments[key] for key in ("request", "enhancement", "limit", "adapt")}
    )
    bundle.verify()
    tally = _StationTally()
    if arguments["adapt"] and (note := unadapted_note(bundle, scorer, absent)):
        tally.say(note)
    model = bundle.scoring(absent=bool(absent))
    station = file_station(bundle, arguments["station"])
    tables = _read_files(arguments, station, tally)
    scored = TableScorer(scorer, UnitsGuard(TrainedRanges(model, bundle.station)), tally, follows=True)
    output = Path(arguments["output"])
    output.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="_new-", dir=output.parent))
    counts: Counter[str] = Counter()
    try:
        for written, frame in _score(tables, scored, station.cadence, tally):
            target = scratch / "new" / written
            target.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(target, index=False)
            counts["rows"] += len(frame)
            counts["scored"] += int(frame["consistency"].notna().sum())
            for alarm, count in frame["alarm"].value_counts().items():
                counts.update(dict.fromkeys(filter(None, str(alarm).split("+")), int(count)))
        if output.exists():
            output.replace(scratch / "old")
        (scratch / "new").replace(output)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    found = scorer.level is not None or model.virtual is not None
    kinds: list[str] = [kind for kind in SCORED if kind != "methane" or found]
    shares = {kind: counts[kind] / counts["scored"] if counts["scored"] else None for kind in kinds}
    result: dict[str, Any] = {
        "bundle": bundle.id, "files": len(tables), "rows": counts["rows"], "scored": counts["scored"], **shares,
        "notes": tally.notes,
    }  # fmt: skip
    return result, [str(output / written) for _, written, _ in tables]


_File = tuple[str, str, CsvTable | None]
"""A file's path below the folder, that of its scores below the output, and its rows, if it has any."""


def _read_files(arguments: dict[str, Any], station: Station, tally: ScoreTally) -> list[_File]:
    """Read the files, and say what is to be said of them; raises RecordError with what is wrong with all of them."""
    tables: list[_File] = []
    faults: list[str] = []
    for name, written in arguments["files"]:
        table = None
        try:
            table = _read(Path(arguments["folder"]) / name, station, arguments["absent"])
        except EmptyTableError:
            tally.say(f"{name}: no rows")
        except DavylampError as error:
            faults.append(str(error))
        else:
            numbered = "line" if table.header_line else "row"
            for sentence in (*(drop.sentence(numbered) for drop in table.dropped), *table.notes):
                tally.say(f"{name}: {sentence}")
        tables.append((name, written, table))
    if not faults and all(table is None for _, _, table in tables):
        faults = [f"{arguments['folder']}: got no row in {len(tables)} files of the station, expected some"]
    if faults:
        raise RecordError("\n".join(faults))
    return tables


def _read(path: Path, station: Station, absent: list[str]) -> CsvTable:
    if path.suffix.lower() == ".csv":
        return read_table(path, station, absent=absent)
    sent = [i for i, feature in enumerate(station.features) if feature.key not in absent]
    described = msgspec.structs.replace(station, features=tuple(station.features[i] for i in sent), cadence=None)
    table = read_parquet(path, described, partial=True)
    values = np.full((len(table.values), station.size), np.nan)
    values[:, sent] = table.values
    return replace(table, names=station.names, values=values, header_line=0)  # its rows are counted from 1


def _score(
    files: Sequence[_File], scorer: TableScorer, cadence: float | None, tally: ScoreTally
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Score files; yields the path of the scores of each, and the scores, in the order of the times."""
    found = [(name, written, table) for name, written, table in files if table is not None]
    tables = [table for _, _, table in found]
    for group in time_groups(tables):
        names = [found[number][0] for number in group]
        joined = join_tables([tables[number] for number in group], names[0])
        label = f"{names[0]} and {len(names) - 1} others" if len(names) > 1 else names[0]
        if joined.table.time is not None and (note := cadence_disagreement(joined.table.time, cadence)):
            tally.say(f"{label}: {note}")
        frame = _frames(scorer.rows(joined.table, label), joined.table.time)
        for i, number in enumerate(group):
            yield found[number][1], frame[joined.source == i].assign(file=names[i])
    for name, written, table in files:
        if table is None:
            timed = any(each.time is not None for each in tables)
            yield written, _frame([], np.zeros(0) if timed else None).assign(file=name)


def _frames(rows: Iterator[Sequence[CsvCell]], time: Floats | None) -> pd.DataFrame:
    frames, first = [], 0
    while some := list(islice(rows, _ROWS)):
        frames.append(_frame(some, None if time is None else time[first : first + len(some)]))
        first += len(some)
    return pd.concat(frames, ignore_index=True)


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
