"""Resolves the windows of a record, by its cadence and its length."""

from __future__ import annotations

from edge.models.windows import Windows
from edge.readings.gaps import median_interval
from trainer.data.record import Record
from trainer.data.window_rule import resolve_windows


def record_windows(record: Record) -> Windows:
    """Resolve the windows of a record's station; its cadence is declared, or that of its time stamps.

    Raises
    ------
    TrainingError
        As :func:`trainer.data.window_rule.resolve_windows`.
    """
    cadence = record.station.cadence
    if cadence is None and record.time is not None:
        cadence = median_interval(record.time)
    return resolve_windows(record.station, cadence, len(record.values))
