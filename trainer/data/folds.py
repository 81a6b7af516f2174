"""folds: how many chunks the p-value tables are made with."""

from __future__ import annotations

from config.settings.training import Training
from trainer.data.record import Record
from trainer.data.regimes import regimes

LEAST, MOST = 3, 8


def folds(record: Record, settings: Training) -> int:
    """Count of chunks: as set, or about one per regime of the climate, between 3 and 8.

    With many more chunks than regimes, every left-out row has its like among those that are fitted on, and the tables
    promise too much; with fewer they are about other climates only.

    Parameters
    ----------
    record
        Of several files the one with the most regimes counts: boards in one chamber share theirs.
    settings
        Its ``chunks``.
    """
    if settings.chunks != "auto":
        return settings.chunks
    most = max(
        len(regimes(Record.from_values(record.values[start:end], record.station))) for start, end in record.parts
    )
    return min(max(most, LEAST), MOST)
