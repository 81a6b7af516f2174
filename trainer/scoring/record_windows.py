"""Resolves the windows of a record: by its cadence, and by the gaps in it."""

from __future__ import annotations

from msgspec.structs import replace

from edge.models.features import LAGS, SHORT_WINDOW
from edge.models.windows import Windows
from edge.readings.gaps import median_interval
from trainer.data.record import Record
from trainer.data.window_rule import resolve_windows

_WITHOUT = 0.2  # share of rows that a chosen lag may leave without a prediction, because they are too soon behind a gap


def record_windows(record: Record) -> Windows:
    """Resolve the windows of a record's station.

    The cadence is declared, or that of the time stamps. A lag that is not declared is halved as long as more than a
    fifth of the rows lie so soon behind a gap that they would have no prediction.

    Raises
    ------
    TrainingError
        As :func:`trainer.data.window_rule.resolve_windows`.
    """
    cadence = record.station.cadence
    if cadence is None and record.time is not None:
        cadence = median_interval(record.time)
    windows = resolve_windows(record.station, cadence)
    if record.station.windows.lag != "auto":
        return windows
    while windows.lag > 1 and _without_prediction(record, windows.lag) > _WITHOUT:
        windows = replace(windows, lag=windows.lag // 2)
    return windows


def _without_prediction(record: Record, lag: int) -> float:
    """Return the share of the rows that have too few others before them for the mean of 12 innovations."""
    past = LAGS * lag + SHORT_WINDOW - 1
    return sum(min(end - start, past) for start, end in record.stretches) / len(record.values)
