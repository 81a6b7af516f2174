"""Tests scores with what people have labelled: the plumes and faults of a collected file, in their own surroundings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from config.settings.station import Station
from config.settings.training import Training
from edge.arrays import Floats
from edge.models.scoring_model import ScoringModel
from edge.models.usual_enhancement import usual_enhancement
from edge.readings.csv.table import CsvTable
from trainer.data.labelled_rows import label_spans
from trainer.data.record import Record, Span, load_record
from trainer.data.regimes import chunk_count
from trainer.data.tables import read_files
from trainer.evaluation.budget import replay_thresholds
from trainer.evaluation.detection.folds import Fold
from trainer.evaluation.detection.held_out import score_held_out
from trainer.evaluation.detection.labelled_case import LabelledCase
from trainer.scoring.fit_scorer import fit_scorer

_CUT = 12.0  # cadences without a row behind which a memory begins anew


def evaluate_labelled(
    files: Sequence[str | Path], station: Station, settings: Training, *, rate: float, quick: bool = False
) -> tuple[LabelledCase, ...]:
    """Fit scores on the background of each collected file, and look whether they find what was labelled.

    Parameters
    ----------
    files
        CSV or Parquet files; those without a label of a plume or a fault are passed over.
    station
        What their columns are.
    settings
        How to fit.
    rate
        Requested share of readings that exceed by chance.
    quick
        Calibrate roughly.

    Raises
    ------
    TrainingError
        The background is too short, or a column is constant there.
    """
    return tuple(case for file in files for case in _of_file(file, station, settings, rate, quick))


def _of_file(
    file: str | Path, station: Station, settings: Training, rate: float, quick: bool
) -> Iterator[LabelledCase]:
    for table in labelled_tables([file], station):
        record = load_record([file], station)
        count = 2 if quick else chunk_count(record, settings)
        model = fit_scorer(record, np.arange(len(record.values)), settings, folds=count).model
        yield from find_cases(model, table, record, rate=rate)


def labelled_tables(files: Sequence[str | Path], station: Station) -> Iterator[CsvTable]:
    """Yield those of some files that have a stretch that people have labelled, a row that is there twice only once."""
    for read in read_files(files, station).files:
        if read.table.labels is not None and any(True for _ in label_spans(read.table.labels)):
            yield read.table


def find_cases(model: ScoringModel, table: CsvTable, record: Record, *, rate: float) -> Iterator[LabelledCase]:
    """Yield what a model says of each labelled stretch of a file.

    Parameters
    ----------
    model
        A model that was not fitted on those rows.
    table
        The file, see :func:`labelled_tables`.
    record
        A record with its background.
    rate
        Requested share of readings that exceed by chance.
    """
    station = record.station
    fold = _every_row(table, record.cadence)
    scores = score_held_out(model, table.values, station, fold)
    settling = np.concatenate([np.arange(end - start) < model.windows.warm_up for start, end in fold.spans])
    exceeds, alarms = {}, {}
    for name, score in (("consistency", scores.consistency), ("reconstruction", scores.reconstruction)):
        broken = scores.broken & (name == "consistency") & ~settling
        replay = replay_thresholds(np.where(settling, np.nan, score), rate, broken=broken, teaches=~scores.broken)
        exceeds[name], alarms[name] = replay.exceeds, replay.alarms
    level = _exceeding_level(record, table.values, station)
    assert table.labels is not None
    for label, start, end in label_spans(table.labels):
        own = slice(start, end)
        found = [name for name, spans in alarms.items() if any(a < end and start < b for a, b in spans)]
        if level[own].any():
            found.append("level")
        yield LabelledCase(
            file=table.file,
            label=label,
            first_line=int(table.lines[start]),
            last_line=int(table.lines[end - 1]),
            rows=end - start,
            consistency=_highest(scores.consistency[own]),
            reconstruction=_highest(scores.reconstruction[own]),
            exceeding=float(np.mean(exceeds["consistency"][own] | exceeds["reconstruction"][own])),
            found_by=tuple(found),
        )


def _every_row(table: CsvTable, cadence: float | None) -> Fold:
    """Make all rows of a file held-out ones: they are scored in order, the labelled among the others."""
    begins = {0, len(table.values), *table.breaks}
    if table.time is not None:
        steps = np.diff(table.time)
        cut = (steps < 0) | (steps > _CUT * cadence if cadence is not None else np.zeros(len(steps), dtype=np.bool_))
        begins |= set((np.flatnonzero(cut) + 1).tolist())
    rows = np.arange(len(table.values))
    spans: tuple[Span, ...] = tuple(pairwise(sorted(begins)))
    return Fold(train=rows[:0], validation=rows[:0], test=rows, spans=spans)


def _exceeding_level(record: Record, values: Floats, station: Station) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return whether the gas level of each row [N] exceeds the background by the usual enhancement."""
    if station.gas_index is None:
        return np.zeros(len(values), dtype=np.bool_)
    calm = record.values[record.intact][:, station.gas_index]
    background, quartile = np.quantile(calm, [0.1, 0.25]).tolist()
    step = float(np.diff(np.unique(calm)).min(initial=np.inf))
    above = usual_enhancement(background, quartile, step if np.isfinite(step) else 0.0)
    return np.asarray(values[:, station.gas_index] >= background + above)


def _highest(scores: Floats) -> float:
    return float(np.nanmax(scores)) if np.isfinite(scores).any() else float("nan")
