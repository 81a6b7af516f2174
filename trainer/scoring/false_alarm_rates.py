"""Measures the false-alarm rates that requested rates lead to."""

from __future__ import annotations

import numpy as np

from edge.arrays import Floats, Indices
from edge.models.scoring_model import ScoringModel
from trainer.data.record import Record
from trainer.scoring.measure import measure
from trainer.scoring.onset import without_plume

REQUESTED = (0.01, 0.001)

Rate = dict[str, float | None]


def false_alarm_rates(model: ScoringModel, record: Record, rows: Indices) -> list[Rate]:
    """Score a record from the start of each segment, as a gateway would, and count exceedances in the given rows.

    Rows with a held cell exceed by rule, whatever the model: they are not counted.

    Parameters
    ----------
    model
        A model with its tables.
    record
        Everything that the station sent; for a model without the gas column its ``without_gas``.
    rows
        Numbers of clean rows that nothing was fitted on.

    Returns
    -------
    list
        For each of 1 % and 0.1 % its ``requested`` rate and the share of rows that exceed in ``consistency``,
        ``reconstruction`` and ``onset`` (for the onset, of rows without a plume); ``None`` if no row has a score.
    """
    measures = measure(model, record, np.arange(len(record.values)))
    rows = record.intact_rows(rows)
    scores = {
        "consistency": measures.consistency[rows],
        "reconstruction": measures.reconstruction[rows],
        "onset": measures.onset[rows[without_plume(record, rows)]],
    }
    rates: list[Rate] = []
    for requested in REQUESTED:
        shares = {name: _share(score, -np.log10(requested)) for name, score in scores.items()}
        rates.append({"requested": requested, **shares})
    return rates


def _share(score: Floats, threshold: float) -> float | None:
    known = score[np.isfinite(score)]
    return float(np.mean(known >= threshold)) if len(known) else None
