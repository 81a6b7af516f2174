"""Finds columns on which nothing can be fitted, before anything is."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from edge.arrays import Indices
from trainer.data.record import Record
from trainer.data.scaler import fit_scaler
from trainer.data.splits import chunks


def refuse_unmoved(record: Record, rows: Indices, *, folds: int, absent: bool = False) -> None:
    """Refuse columns that do not move on the rows of a fold, before anything is fitted.

    Parameters
    ----------
    record, rows, folds, absent
        As of :func:`trainer.scoring.fit_scorer.fit_scorer`.

    Raises
    ------
    TrainingError
        A column has too little spread on all rows, or on those of a fold.
    """
    columns = [place for place in range(record.station.size) if not (absent and place == record.station.gas_index)]
    station = replace(record.station, features=tuple(record.station.features[place] for place in columns))
    for part in (np.empty(0, dtype=np.int64), *chunks(record, folds, rows)):
        fitted = np.setdiff1d(rows, part, assume_unique=True)
        fit_scaler(record.values[fitted][:, columns], station, "log", record.held[fitted][:, columns])
