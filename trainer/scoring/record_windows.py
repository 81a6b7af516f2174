"""Resolves the windows of a record, by its cadence and its length."""

from __future__ import annotations

from edge.models.windows import Windows
from trainer.data.record import Record
from trainer.data.window_rule import resolve_windows


def record_windows(record: Record) -> Windows:
    """Resolve the windows of a record's station by the cadence and the number of all rows that it sent.

    They are the same for the record without the gas column, and for some rows of a record.

    Raises
    ------
    TrainingError
        As :func:`trainer.data.window_rule.resolve_windows`.
    """
    return resolve_windows(record.station, record.cadence, record.sent)
